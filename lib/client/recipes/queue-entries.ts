/**
 * The elements of a queue, as znodes in the order of their names: put, listed, and watched by all that wait in this process.
 * Neighbours: queue, locking-queue, write-scope.
 */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { checkData, checked } from '../arguments.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { readOptions } from './recipe-options.ts'
import { throughOutages } from './until-gone.ts'
import { checkWait, WAIT_OPTIONS, type WaitOptions, type WaitScope } from './wait-scope.ts'
import { makePath, WriteScope } from './write-scope.ts'

/** kazoo's priority of an element that is put without one. */
export const PRIORITY_DEFAULT = 100

const PRIORITY_MAX = 999

/** The beginning of kazoo's names. */
export const ENTRY = 'entry-'

/** kazoo's name of an element, without its number. @throws {RangeError} no integer from 0 to 999 */
export function entryName(priority: number): string {
  if (!Number.isInteger(priority) || priority < 0 || priority > PRIORITY_MAX) {
    throw new RangeError(`priority must be an integer from 0 to ${PRIORITY_MAX}, got ${priority}`)
  }
  return `${ENTRY}${String(priority).padStart(3, '0')}-`
}

/** How an element of a queue with priorities is put. */
export interface QueuePutOptions extends WaitOptions {
  /** An integer from 0 to 999; the smallest is taken first. @default 100 */
  readonly priority?: number
}

/** Each read once. @throws {TypeError} an option is not known, or not valid */
export function checkPut(options: QueuePutOptions): {
  readonly priority: number
  readonly wait: WaitOptions
} {
  const names = [...WAIT_OPTIONS, 'priority'] as const
  const { priority = PRIORITY_DEFAULT, ...wait } = readOptions<QueuePutOptions>(options, names)
  return { priority, wait: checkWait(wait) }
}

/** Children of one path that elements, or claims on them, are. */
export class QueueFolder {
  readonly client: ZooKeeper
  readonly path: string
  readonly parentMode: 'container' | 'persistent'
  readonly #wakes = new Set<() => void>()
  /** Elements with children, until those change; and those that may not be read, with why. */
  readonly #blocked = new Set<string>()
  readonly #hidden = new Map<string, unknown>()

  constructor(client: ZooKeeper, path: string, parentMode: 'container' | 'persistent') {
    this.client = client
    this.path = path
    this.parentMode = parentMode
  }

  /** One watch for all that wait: the callback of a wait that has ended could not be taken back. */
  readonly #onChange = (): void => {
    for (const wake of [...this.#wakes]) wake()
  }

  /** Calls `wake` at each change of the names since the newest {@link names}. Returns its cancel. */
  follow(wake: () => void): () => void {
    this.#wakes.add(wake)
    return () => this.#wakes.delete(wake)
  }

  /** Names that begin so, in order, and watched. The path is made when missing. @throws as throughOutages() */
  async names(scope: WaitScope, prefix: string): Promise<readonly string[]> {
    for (;;) {
      try {
        const { children } = await throughOutages(this.client, scope, () =>
          this.client.getChildren(this.path, this.#onChange),
        )
        return children.filter((name) => name.startsWith(prefix)).toSorted()
      } catch (error) {
        if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      }
      await this.make(scope)
    }
  }

  /** It cannot be taken: see {@link read}. */
  isBlocked(name: string): boolean {
    return this.#blocked.has(name) || this.#hidden.has(name)
  }

  /**
   * Data of an element. undefined: it is gone, or is none that can be taken, which must keep nobody from those behind it: it
   * has children, and blocks until they are gone; or its ACL hides it. @throws as throughOutages()
   */
  read(name: string, scope: WaitScope): Promise<Uint8Array | null | undefined> {
    const path = childOf(this.path, name)
    return throughOutages(this.client, scope, async () => {
      try {
        const { data, stat } = await this.client.getData(path)
        return stat.numChildren > 0 && (await this.block(name)) ? undefined : data
      } catch (error) {
        if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return undefined
        if (!isZnodeError(error, ZK_ERRORS.NO_AUTH)) throw error
        this.hide(name, error)
        return undefined
      }
    })
  }

  /** It has children: it is passed over until they change. false: it has none any more. @throws {ZnodeError} */
  async block(name: string): Promise<boolean> {
    const onChange = (): void => {
      this.#blocked.delete(name)
      this.#onChange()
    }
    this.#blocked.add(name)
    try {
      const { children } = await this.client.getChildren(childOf(this.path, name), onChange)
      if (children.length === 0) this.#blocked.delete(name)
    } catch (error) {
      this.#blocked.delete(name)
      throw error
    }
    return this.#blocked.has(name)
  }

  /** It may not be read, which is why. */
  hide(name: string, error: unknown): void {
    this.#hidden.set(name, error)
  }

  /** None of these could be taken. @throws {ZnodeError} ZK_NO_AUTH: one of them may not be read; the next look tries again */
  throwIfHidden(names: readonly string[]): void {
    const hidden = names.find((name) => this.#hidden.has(name))
    const error = hidden === undefined ? undefined : this.#hidden.get(hidden)
    this.#hidden.clear()
    if (error !== undefined) throw error
  }

  /** Creates it and its missing parents. Safe to repeat, and repeated through outages. */
  make(scope: WaitScope): Promise<void> {
    return makePath(this.client, scope, this.path, this.parentMode)
  }

  /** How many children it has; 0 where there is none. @throws {ZnodeError} */
  async size(): Promise<number> {
    return (await this.client.exists(this.path))?.numChildren ?? 0
  }

  /** Puts an element behind all of its name. @throws as WriteScope.run; {ZnodeError} ZK_BAD_ARGUMENTS */
  async put(data: Uint8Array | null, name: string, options: WaitOptions): Promise<void> {
    checked(() => checkData(data))
    const copy = data === null ? null : Uint8Array.from(data)
    const path = childOf(this.path, name)
    const writes = new WriteScope(this.client, this.path, options)
    await writes.run(async () => {
      for (;;) {
        try {
          const mode = 'persistent-sequential'
          await writes.write(() => this.client.create(path, copy, { mode }))
          return
        } catch (error) {
          if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
        }
        await this.make(writes.scope)
      }
    })
  }
}
