/** What the tests of other people's clients share: two proxies on one etcd, started once per file. */
import { dirname, join } from 'node:path'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, type Requirement, requireOrSkip } from '../support/requirements.ts'

/** Session timeouts run from 1 s to 20 s: short enough to wait for an expiry. */
const tickTimeMs = 500
const maxSessionTimeoutMs = 20_000

export interface TwoProxiesOptions {
  /** What the machine must have besides etcd. */
  needs?: readonly Requirement[]
}

export class TwoProxies {
  #etcd: EtcdServer | undefined
  #proxies: AnykeeperProcess[] = []
  #cleanups: (() => unknown)[] = []
  #rooms = 0

  async start(): Promise<void> {
    this.#etcd = await startEtcd({ binary: etcdProgram() })
    const store = `etcd://${this.#etcd.host}`
    const started = await Promise.allSettled(
      [0, 1].map(() => startAnykeeper({ store, tickTimeMs, maxSessionTimeoutMs })),
    )
    for (const result of started)
      if (result.status === 'fulfilled') this.#proxies.push(result.value)
    for (const result of started) if (result.status === 'rejected') throw result.reason
  }

  get etcd(): EtcdServer {
    if (this.#etcd === undefined) throw new Error('etcd was not started')
    return this.#etcd
  }

  get etcdctl(): string {
    return join(dirname(etcdProgram()), 'etcdctl')
  }

  get a(): AnykeeperProcess {
    return this.#proxies[0]!
  }

  get b(): AnykeeperProcess {
    return this.#proxies[1]!
  }

  /** Both, as clients take it. */
  get connectString(): string {
    return this.#proxies.map(({ connectString }) => connectString).join(',')
  }

  /** A path of its own for each caller. */
  room(): string {
    this.#rooms += 1
    return `/room-${this.#rooms}`
  }

  /** Run after the test, newest first, whatever its end. */
  atEnd(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup)
  }

  async cleanUp(): Promise<void> {
    const cleanups = this.#cleanups.splice(0).reverse()
    for (const cleanup of cleanups) await cleanup()
  }

  /** Starts again, on their ports, the proxies that a test has killed. */
  async revive(): Promise<void> {
    for (const proxy of this.#proxies) if (!proxy.child.running) await proxy.start()
  }

  /** The newest lines of both. */
  get output(): string {
    return this.#proxies
      .map(({ child }) => [`--- ${child.name}`, ...child.output.split('\n').slice(-30)].join('\n'))
      .join('\n')
  }

  async stop(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()))
    await this.#etcd?.stop()
  }
}

/** Call it first in a `describe`: mocha's hooks start, tidy up and stop the servers. */
export function useTwoProxies({ needs = [] }: TwoProxiesOptions = {}): TwoProxies {
  const servers = new TwoProxies()
  before(async function () {
    this.timeout(60_000)
    requireOrSkip(this, 'etcd', ...needs)
    await servers.start()
  })
  afterEach(async function () {
    this.timeout(30_000)
    if (this.currentTest?.state === 'failed') console.log(servers.output)
    await servers.cleanUp()
    await servers.revive()
  })
  after(async function () {
    this.timeout(30_000)
    await servers.stop()
  })
  return servers
}

/** Below mocha's, and longer than a busy machine stands still. Unit ms. */
export const PATIENCE_MS = 40_000

/** Rejects after `timeoutMs` with what was waited for. */
export async function within<T>(timeoutMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} after ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(timer)
  }
}
