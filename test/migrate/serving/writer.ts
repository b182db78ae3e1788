/** A client that writes all the time, and knows what was acknowledged, what may have happened, and how long it waited. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemRandom } from '../../../lib/base/clock.ts'
import { type ClientState, connect, ZnodeError, type ZooKeeper } from '../../../lib/index.ts'

const SESSION_MS = 8_000
/** Between two requests. Unit: ms. */
const PAUSE_MS = 3

/** Servers are taken as they are given. */
const inOrder = { ...systemRandom, fraction: () => 1 - Number.EPSILON }

export class Writer {
  readonly name: string
  readonly client: ZooKeeper
  /** Path → what was written there: acknowledged. */
  readonly acked = new Map<string, string>()
  /** Written perhaps. */
  readonly unknown: string[] = []
  readonly states: ClientState[] = []
  /** Values of the watched znode, in the order in which they were seen. */
  readonly seen: string[] = []
  /** The longest time between two answers since it was reset. Unit: ms. */
  gapMs = 0
  #isWanted = true
  #count = 0
  #lastMs = performance.now()
  readonly #running: Promise<void>

  private constructor(name: string, client: ZooKeeper) {
    this.name = name
    this.client = client
    client.onStateChange((state) => this.states.push(state))
    this.#running = this.#run()
    this.#running.catch(() => {})
  }

  /** `/w/<name>` must be there. `at`: a port of this host, or a connect string, of which the first server is taken first. */
  static async start(name: string, at: number | string, timeoutMs = SESSION_MS): Promise<Writer> {
    const servers = typeof at === 'number' ? `127.0.0.1:${at}` : at
    const client = await connect(`zk://${servers}`, { timeoutMs, random: inOrder })
    await client.create(`/mine-${name}`, Buffer.from(name), { mode: 'ephemeral' })
    const writer = new Writer(name, client)
    await writer.#look()
    return writer
  }

  resetGap(): void {
    this.gapMs = 0
    this.#lastMs = performance.now()
  }

  async stop(): Promise<void> {
    this.#isWanted = false
    await this.#running
  }

  /** Sets the watch again each time that it fires. */
  async #look(): Promise<void> {
    try {
      const { data } = await this.client.getData('/watched', () => void this.#look())
      const value = Buffer.from(data ?? []).toString()
      if (this.seen.at(-1) !== value) this.seen.push(value)
    } catch {
      if (!this.#isWanted) return
      await sleep(50)
      await this.#look()
    }
  }

  async #run(): Promise<void> {
    while (this.#isWanted) {
      const token = `${this.name}-${++this.#count}`
      try {
        const { path } = await this.client.create(`/w/${this.name}/n-`, Buffer.from(token), {
          mode: 'persistent-sequential',
        })
        this.acked.set(path, token)
        const now = performance.now()
        this.gapMs = Math.max(this.gapMs, now - this.#lastMs)
        this.#lastMs = now
      } catch (error) {
        if (!(error instanceof ZnodeError)) throw error
        this.unknown.push(token)
        await sleep(20)
      }
      await sleep(PAUSE_MS)
    }
  }
}
