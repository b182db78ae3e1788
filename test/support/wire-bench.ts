/** Proxies over one memory store in this process, and raw clients of theirs; all ended together. */
import type { Keeper, KeeperLimits, KeeperOptions, Logger } from '../../lib/index.ts'
import type { ProxyOptions } from '../../proxy/host.ts'
import { ProxyServer } from '../../proxy/server.ts'
import type { FaultyStore } from './faulty-store.ts'
import { type KeeperBench, keeperBench } from './keepers.ts'
import { RawClient, type RawConnectOptions } from './raw-client.ts'

export interface Served {
  readonly keeper: Keeper
  readonly store: FaultyStore
  readonly proxy: ProxyServer
  readonly port: number
}

export interface ServeOptions {
  limits?: Partial<KeeperLimits>
  proxy?: Partial<ProxyOptions>
  keeper?: Partial<KeeperOptions>
}

/** Session timeouts short enough to wait for, long enough for a busy machine. */
export const SHORT_TIMEOUTS: Partial<KeeperLimits> = {
  tickTimeMs: 200,
  sessionTimeoutMsMin: 400,
  sessionTimeoutMsMax: 4_000,
}

export class WireBench {
  readonly keepers: KeeperBench = keeperBench()
  readonly #served: Served[] = []
  readonly #clients: RawClient[] = []

  /** One more keeper and its proxy. */
  async serve({ limits, proxy, keeper }: ServeOptions = {}): Promise<Served> {
    const opened = await this.keepers.open(limits, keeper)
    const server = await ProxyServer.listen(opened.keeper, { port: 0, ...proxy })
    const served = { ...opened, proxy: server, port: server.port }
    this.#served.push(served)
    return served
  }

  /** A client that is dropped at the end. */
  async connect(
    { port }: { readonly port: number },
    options: Omit<RawConnectOptions, 'port'> = {},
  ): Promise<RawClient> {
    const client = await RawClient.connect({ ...options, port })
    this.#clients.push(client)
    return client
  }

  /** Takes the session of `client` over to a new connection. */
  resume(
    to: { readonly port: number },
    client: RawClient,
    options: Omit<RawConnectOptions, 'port'> = {},
  ): Promise<RawClient> {
    const { sessionId, password, timeoutMs } = client
    return this.connect(to, { sessionId, password, timeoutMs, ...options })
  }

  /** As when its process is killed: connections end, nobody is told. */
  async crash({ keeper, proxy }: Served): Promise<void> {
    for (const connection of [...proxy.connections]) connection.socket.resetAndDestroy()
    await Promise.all([this.keepers.crash(keeper), proxy.close(0)])
    const at = this.#served.findIndex((served) => served.proxy === proxy)
    if (at >= 0) this.#served.splice(at, 1)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy()
    for (const { proxy } of this.#served) await proxy.close(0)
    await this.keepers.close()
  }
}

export interface LogEntry {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: Record<string, unknown>
}

/** Keeps what is logged. */
export function collectingLogger(): { readonly logger: Logger; readonly entries: LogEntry[] } {
  const entries: LogEntry[] = []
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      entries.push({ level, message, fields: fields as Record<string, unknown> })
    }
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { logger, entries }
}
