/**
 * What a sequence is played on: a proxy on a store, as users run it. The program may be another build, so nothing
 * but its command line and its wire is used. `memory`: proxies in this process, on one memory store.
 * Neighbour: check.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { importTree, Keeper, readTree } from '../../lib/index.ts'
import { ProxyServer } from '../../proxy/index.ts'
import { succeed } from '../copy/copy-process.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { SUPER_DIGEST } from './picture.ts'
import { TIMEOUT_MS } from './play.ts'

export const STORES = ['file', 'memory', 'etcd', 'redis'] as const
export type StoreName = (typeof STORES)[number]

/** Small ones, that a sequence can fill: etcd's default is eight times as large, node's heap at least twice. */
const ETCD_QUOTA_BYTES = 256 * 1024 ** 2
const HEAP_MIB = 1_024
const NEVER_MS = 2_000_000_000
const START_MS_MAX = 90_000

export interface Serving {
  readonly port: number
  stop(): Promise<void>
}

export interface Bed {
  /** Several proxies may serve the store. */
  readonly isShared: boolean
  /** A proxy on the store; what was there before is there. */
  serve(): Promise<Serving>
  /** A crash of all that serve. */
  crash(): Promise<void>
  /** The tree, copied by export and import into a store of its own, and served from there. Nothing else serves. */
  copy(): Promise<Serving>
  close(): Promise<void>
}

export interface BedOptions {
  readonly store: StoreName
  /** dist/cli.js of another build. */
  readonly program?: string | undefined
  readonly enforceQuota?: boolean
}

interface Place {
  readonly url: string
  stop(): Promise<unknown>
}

async function placeOf(store: StoreName): Promise<Place> {
  if (store === 'redis') return startRedis({ appendFsync: 'no' })
  if (store === 'etcd') {
    const flags = ['--unsafe-no-fsync', `--quota-backend-bytes=${ETCD_QUOTA_BYTES}`]
    const etcd = await startEtcd({ flags })
    return { url: `etcd://${etcd.host}`, stop: () => etcd.stop() }
  }
  const folder = temporaryFolder('fuzz')
  return { url: `file:${folder}`, stop: async () => removeFolder(folder) }
}

class ProcessBed implements Bed {
  readonly isShared: boolean
  readonly #options: BedOptions
  readonly #place: Place
  readonly #folder = temporaryFolder('fuzz-copy')
  #serving: AnykeeperProcess[] = []
  #copies: Place[] = []

  constructor(options: BedOptions, place: Place) {
    this.#options = options
    this.#place = place
    this.isShared = options.store !== 'file'
  }

  serve(): Promise<Serving> {
    return this.#serve(this.#place.url)
  }

  async crash(): Promise<void> {
    await Promise.all(this.#serving.splice(0).map((proxy) => proxy.kill()))
  }

  async copy(): Promise<Serving> {
    const { program } = this.#options
    const target = await placeOf(this.#options.store)
    this.#copies.push(target)
    const file = join(this.#folder, 'tree.jsonl')
    const by = program === undefined ? {} : { program }
    await succeed(['export', '--store', this.#place.url, '--output', file], by)
    await succeed(['import', '--store', target.url], { ...by, input: file })
    rmSync(file)
    return this.#serve(target.url)
  }

  async close(): Promise<void> {
    await this.crash()
    await Promise.all([...this.#copies.splice(0), this.#place].map((place) => place.stop()))
    removeFolder(this.#folder)
  }

  async #serve(store: string): Promise<Serving> {
    const { program, enforceQuota } = this.#options
    const proxy = new AnykeeperProcess(await freePort(), {
      store,
      superDigest: SUPER_DIGEST,
      maxSessionTimeoutMs: TIMEOUT_MS,
      nodeArgs: [`--max-old-space-size=${HEAP_MIB}`],
      ...(program === undefined ? {} : { program }),
      args: [
        ...['--log-level', 'error'],
        ...(program === undefined ? ['--container-check-interval', `${NEVER_MS}`] : []),
        ...(enforceQuota === true ? ['--enforce-quota'] : []),
      ],
    })
    this.#serving.push(proxy)
    await proxy.start({ timeoutMs: START_MS_MAX })
    return {
      port: proxy.port,
      stop: async () => {
        this.#serving = this.#serving.filter((one) => one !== proxy)
        await proxy.stop()
      },
    }
  }
}

class MemoryBed implements Bed {
  readonly isShared = true
  readonly #backend = new MemoryBackend()
  readonly #options: BedOptions
  #serving: Serving[] = []

  constructor(options: BedOptions) {
    this.#options = options
  }

  serve(): Promise<Serving> {
    return this.#serve(this.#backend)
  }

  async crash(): Promise<void> {
    await Promise.all(this.#serving.splice(0).map((one) => one.stop()))
  }

  async copy(): Promise<Serving> {
    const tree = await readTree({ store: openMemoryStore({ backend: this.#backend }) })
    const input = [...tree].map((text) => Buffer.from(text))
    const backend = new MemoryBackend()
    await importTree({ store: openMemoryStore({ backend }), input })
    return this.#serve(backend)
  }

  async close(): Promise<void> {
    await this.crash()
  }

  async #serve(backend: MemoryBackend): Promise<Serving> {
    const store = openMemoryStore({ backend })
    const keeper = await Keeper.open({
      store,
      superDigest: SUPER_DIGEST,
      limits: {
        sessionTimeoutMsMax: TIMEOUT_MS,
        reaperIntervalMs: NEVER_MS,
        historyRetentionMs: 500,
        enforceQuota: this.#options.enforceQuota === true,
      },
    })
    const proxy = await ProxyServer.listen(keeper, { port: 0 })
    let stopped: Promise<void> | undefined
    const serving: Serving = {
      port: proxy.port,
      stop: () => {
        stopped ??= (async () => {
          await proxy.close(0)
          // Nothing is written behind: what another one loads is mostly journal.
          await keeper.close(0)
          await store.close()
        })()
        return stopped
      },
    }
    this.#serving.push(serving)
    return serving
  }
}

export async function openBed(options: BedOptions): Promise<Bed> {
  if (options.store === 'memory') return new MemoryBed(options)
  return new ProcessBed(options, await placeOf(options.store))
}
