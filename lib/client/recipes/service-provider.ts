/**
 * The instances of one service in memory, of which a caller gets one that works: Curator's ServiceProvider. Neighbours:
 * service-discovery, tree-cache.
 */
import { type Random, systemRandom } from '../../base/clock.ts'
import { childOf } from '../../model/path.ts'
import {
  badArgument,
  checkCallback,
  checked,
  checkOptions,
  checkWhole,
  checkWord,
} from '../arguments.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import type { ServiceInstance } from './service-instance.ts'
import { TreeCache, type TreeCacheEvent } from './tree-cache.ts'
import type { WaitOptions } from './wait-scope.ts'

/** Which one is next: each in turn, any, or the same as long as it is there. */
export type ProviderStrategy = 'round-robin' | 'random' | 'sticky'

const STRATEGIES = ['round-robin', 'random', 'sticky'] as const

/** Options of {@link ServiceDiscovery.provider}. */
export interface ServiceProviderOptions {
  /** @default 'round-robin' */
  readonly strategy?: ProviderStrategy
  /** So many errors, as {@link ServiceProvider.noteError} counts them, and an instance is left out. @default 2 */
  readonly errorsMax?: number
  /** For how long an error counts. Unit ms. @default 30000 */
  readonly errorsMs?: number
}

/** What it needs of its discovery. */
export interface ProviderHooks {
  readonly decode: (path: string, data: Uint8Array | null) => ServiceInstance | undefined
  readonly onError: ((error: unknown) => void) | undefined
  readonly onClosed: () => void
}

/** Made by {@link ServiceDiscovery.provider}. It follows the instances of its service through outages and sessions. */
export class ServiceProvider implements AsyncDisposable {
  readonly #client: ZooKeeper
  readonly #cache: TreeCache
  readonly #hooks: ProviderHooks
  readonly #strategy: ProviderStrategy
  readonly #errorsMax: number
  readonly #errorsMs: number
  readonly #random: Random = systemRandom
  /** By path. */
  readonly #instances = new Map<string, ServiceInstance>()
  /** When they were noted, by id: monotonic ms. */
  readonly #errors = new Map<string, number[]>()
  #turn = 0
  #stuckTo: string | undefined

  /** @internal {@link ServiceDiscovery.provider} makes it. */
  constructor(
    client: ZooKeeper,
    path: string,
    options: ServiceProviderOptions,
    hooks: ProviderHooks,
  ) {
    const known = checked(() => {
      const given = checkOptions(options, ['strategy', 'errorsMax', 'errorsMs'] as const)
      return {
        strategy: checkWord(given.strategy ?? 'round-robin', STRATEGIES, 'strategy'),
        errorsMax: checkWhole(given.errorsMax ?? 2, 'errorsMax'),
        errorsMs: checkWhole(given.errorsMs ?? 30_000, 'errorsMs'),
      }
    })
    if (known.errorsMax === 0) throw badArgument('errorsMax must be at least 1')
    this.#client = client
    this.#hooks = hooks
    this.#strategy = known.strategy
    this.#errorsMax = known.errorsMax
    this.#errorsMs = known.errorsMs
    this.#cache = new TreeCache(client, path, {
      depth: 1,
      ...(hooks.onError !== undefined && { onError: hooks.onError }),
    })
    this.#cache.onChange((event) => this.#take(event))
  }

  /** Begins to follow them, and waits until all were read. @throws as {@link TreeCache.start} */
  start(options: WaitOptions = {}): Promise<void> {
    return this.#cache.start(options)
  }

  /**
   * Calls `listener` with {@link all} once they were read, then each time that one was registered, changed or deleted. What it
   * throws harms nobody else. Returns its cancel.
   * @throws {ZnodeError} ZK_BAD_ARGUMENTS: no function
   */
  onChange(listener: (instances: readonly ServiceInstance[]) => unknown): () => void {
    if (checkCallback(listener, 'listener') === undefined) throw badArgument('listener is missing')
    return this.#cache.onChange((event) => {
      const isOwn = event.type !== 'initialized' && event.entry.path === this.#cache.path
      return this.#cache.isInitialized && !isOwn ? listener(this.all) : undefined
    })
  }

  /** All that are enabled and have few errors, in the order of their ids. */
  get all(): readonly ServiceInstance[] {
    return [...this.#instances.values()]
      .filter(({ id, enabled }) => enabled && !this.#isDown(id))
      .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  }

  /** The next one, by the strategy; undefined: there is none. */
  next(): ServiceInstance | undefined {
    const { all } = this
    if (this.#strategy === 'round-robin') return all[this.#turn++ % all.length]
    const stuckTo = all.find(({ id }) => this.#strategy === 'sticky' && id === this.#stuckTo)
    const one = stuckTo ?? all[Math.floor(this.#random.fraction() * all.length)]
    this.#stuckTo = one?.id
    return one
  }

  /** This one did not answer: after `errorsMax` within `errorsMs` it is left out until they are older. */
  noteError({ id }: Pick<ServiceInstance, 'id'>): void {
    if (!this.#instances.has(childOf(this.#cache.path, id))) return
    const known = [...this.#recent(id), this.#client.clock.monotonic()]
    this.#errors.set(id, known.slice(-this.#errorsMax))
  }

  /** It does not follow the instances any more. Never rejects. */
  async close(): Promise<void> {
    this.#hooks.onClosed()
    await this.#cache.close()
  }

  /** As close(). */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #take(event: TreeCacheEvent): void {
    const { path } = this.#cache
    if (event.type === 'initialized' || event.entry.path === path) return
    const { path: at, data } = event.entry
    const instance = event.type === 'removed' ? undefined : this.#hooks.decode(at, data ?? null)
    if (instance === undefined) this.#instances.delete(at)
    else this.#instances.set(at, instance)
    if (event.type === 'removed') this.#errors.delete(at.slice(path.length + 1))
  }

  #isDown(id: string): boolean {
    return this.#recent(id).length >= this.#errorsMax
  }

  #recent(id: string): readonly number[] {
    const sinceMs = this.#client.clock.monotonic() - this.#errorsMs
    return (this.#errors.get(id) ?? []).filter((atMs) => atMs > sinceMs)
  }
}
