/** What is killed: a proxy on files, or a proxy and the redis-server it uses. Neighbour: kill-run.ts. */
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

export interface Bed {
  /** Of the proxy, which has it again when it is started again. */
  readonly port: number
  /** SIGKILL to one process or to all of them. Says whether the proxy goes on. */
  kill(random: () => number): Promise<{ readonly proxyStays: boolean }>
  /** Starts again what was killed. */
  restart(): Promise<void>
  /** What the proxy said last. */
  output(): string
  /** Ends everything, removes the data. */
  stop(): Promise<void>
}

export interface BedOptions {
  readonly from: 'dist' | 'sources'
  /** Unit: ms. */
  readonly sessionTimeoutMsMin: number
}

/** Of rounds on redis, those where the proxy dies: with the server, and alone. */
const BOTH_DIE = 0.2
const PROXY_DIES = 0.1

async function startProxy(store: string, options: BedOptions): Promise<AnykeeperProcess> {
  const proxy = new AnykeeperProcess(await freePort(), {
    store,
    from: options.from,
    tickTimeMs: 500,
    minSessionTimeoutMs: options.sessionTimeoutMsMin,
    maxSessionTimeoutMs: 60_000,
    args: ['--log-level', 'warn'],
  })
  return proxy.start()
}

async function startOnFiles(options: BedOptions): Promise<Bed> {
  const folder = temporaryFolder('kill')
  const proxy = await startProxy(`file:${folder}`, options)
  return {
    port: proxy.port,
    async kill() {
      await proxy.kill()
      return { proxyStays: false }
    },
    async restart() {
      await proxy.start()
    },
    output: () => proxy.child.output,
    async stop() {
      await proxy.kill()
      removeFolder(folder)
    },
  }
}

/** It keeps an append-only file and syncs it before it answers, as docs/adapters.md asks for. */
async function startOnRedis(options: BedOptions): Promise<Bed> {
  const redis = await startRedis({ appendOnly: true, appendFsync: 'always' })
  const proxy = await startProxy(redis.url, options).catch(async (error: unknown) => {
    await redis.stop()
    throw error
  })
  let dead: { start(): Promise<unknown> }[] = []
  return {
    port: proxy.port,
    async kill(random) {
      const lot = random()
      // The store before its proxy: one that starts again finds it.
      const dying =
        lot < BOTH_DIE ? [redis, proxy] : lot < BOTH_DIE + PROXY_DIES ? [proxy] : [redis]
      await Promise.all(dying.map((server) => server.kill()))
      dead = dying
      return { proxyStays: !dying.includes(proxy) }
    },
    async restart() {
      for (const server of dead.splice(0)) await server.start()
    },
    output: () => proxy.child.output,
    async stop() {
      await proxy.kill()
      await redis.stop()
    },
  }
}

export const BEDS = { file: startOnFiles, redis: startOnRedis } as const

export type BedName = keyof typeof BEDS
