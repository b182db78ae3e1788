/** Clients that write at full speed through all proxies. Each counts what was acknowledged, so each write is found once. */
import { expect } from 'chai'
import { connect, ZnodeError, type ZooKeeper } from '../../../lib/index.ts'
import { eventually } from '../../support/eventually.ts'

/** Requests in flight of one client. */
const WINDOW = 32
const VALUE_BYTES = 2_000
const TIMEOUT_MS = 30_000
/** Of a connection that was lost: it comes again while the session lives. */
const RETRY_MS = 100

export interface LoadReport {
  readonly acknowledged: number
  readonly unknown: number
  readonly bytes: number
  readonly states: readonly string[]
}

class Writer {
  acknowledged = 0
  unknown = 0
  readonly states: string[] = []
  readonly #client: ZooKeeper
  readonly #path: string
  #isOver = false
  readonly #running: Promise<unknown>

  private constructor(client: ZooKeeper, path: string) {
    this.#client = client
    this.#path = path
    client.onStateChange((state) => void this.states.push(String(state)))
    this.#running = Promise.all(Array.from({ length: WINDOW }, () => this.#run()))
  }

  static async start(servers: string, path: string): Promise<Writer> {
    const client = await connect(`zk://${servers}`, { timeoutMs: TIMEOUT_MS })
    await client.create(path, Buffer.alloc(0))
    await client.create(`${path}-alive`, Buffer.alloc(0), { mode: 'ephemeral' })
    return new Writer(client, path)
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#client.setData(this.#path, Buffer.alloc(VALUE_BYTES, this.acknowledged % 256))
        this.acknowledged++
      } catch (error) {
        if (!(error instanceof ZnodeError) || error.code !== 'ZK_CONNECTION_LOSS') throw error
        if (error.outcome === 'unknown') this.unknown++
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  /** What was acknowledged is there once, and the session is the one of the beginning. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.#running
    // The connection may be lost at this moment, too: a certificate has just been changed.
    await eventually('a connection', () => this.#isSynced(), TIMEOUT_MS)
    const { stat } = await this.#client.getData(this.#path)
    expect(stat.version, this.#path).to.be.within(
      this.acknowledged,
      this.acknowledged + this.unknown,
    )
    const alive = await this.#client.exists(`${this.#path}-alive`)
    expect(alive?.ephemeralOwner, this.#path).to.equal(this.#client.sessionId)
    await this.#client.close()
  }

  async #isSynced(): Promise<boolean> {
    try {
      await this.#client.sync()
      return true
    } catch (error) {
      if (!(error instanceof ZnodeError) || error.code !== 'ZK_CONNECTION_LOSS') throw error
      return false
    }
  }

  get failed(): Promise<unknown> {
    return this.#running
  }
}

export class Load {
  readonly #writers: readonly Writer[]

  private constructor(writers: readonly Writer[]) {
    this.#writers = writers
  }

  static async start(servers: readonly string[], count: number): Promise<Load> {
    const writers: Writer[] = []
    for (let index = 0; index < count; index++) {
      const order = servers.map((_, at) => servers[(index + at) % servers.length]!)
      writers.push(await Writer.start(order.join(','), `/writer-${index}`))
    }
    return new Load(writers)
  }

  /** Rejects as soon as a client fails with anything but a lost connection. */
  get failed(): Promise<unknown> {
    return Promise.all(this.#writers.map(({ failed }) => failed))
  }

  get acknowledged(): number {
    return this.#writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  }

  /** Resolves when each client has had a write acknowledged that was sent from now on. */
  async progress(): Promise<void> {
    const before = this.#writers.map(({ acknowledged }) => acknowledged + WINDOW)
    await eventually(
      'all clients write again',
      () => this.#writers.every(({ acknowledged }, index) => acknowledged > before[index]!),
      120_000,
    )
  }

  async end(): Promise<LoadReport> {
    for (const writer of this.#writers) await writer.end()
    return {
      acknowledged: this.acknowledged,
      unknown: this.#writers.reduce((sum, { unknown }) => sum + unknown, 0),
      bytes: this.acknowledged * VALUE_BYTES,
      states: this.#writers.flatMap(({ states }) => states),
    }
  }
}
