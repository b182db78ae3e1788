/** Two clients that give one lock to each other all the time, wherever they are: never two holders, and each token above the one before. */
import {
  connect,
  type Held,
  Mutex,
  mkdirp,
  ZnodeError,
  type ZooKeeper,
} from '../../../lib/index.ts'
import { eventually } from '../../support/eventually.ts'
import { LATE_MS, SESSION_MS } from './moved-client.ts'

/** Beside the rooms of the others. */
const ROOM = '/churn'
/** Znodes that one holder after the other makes: their numbers have no gap. */
const LINE = `${ROOM}/line`

export class Churn {
  /** How often the lock was held. */
  entries = 0
  /** What must not be, a sentence each. */
  readonly problems: string[] = []
  readonly #clients: readonly ZooKeeper[]
  #isWanted = true
  #holder: Held | undefined
  #lastToken = 0
  #lastNumber = -1
  readonly #running: Promise<unknown>

  private constructor(clients: readonly ZooKeeper[]) {
    this.#clients = clients
    this.#running = Promise.all(clients.map((client) => this.#run(client)))
    this.#running.catch((error: unknown) => this.problems.push(String(error)))
  }

  static async start(servers: string): Promise<Churn> {
    const clients = await Promise.all(
      [0, 1].map(() => connect(`zk://${servers}`, { timeoutMs: SESSION_MS, retryMs: LATE_MS })),
    )
    await mkdirp(clients[0]!, LINE)
    return new Churn(clients)
  }

  /** Resolves when the lock was held so many times more. */
  async more(count: number): Promise<void> {
    const goal = this.entries + count
    await eventually(
      `${count} entries more`,
      () => this.entries >= goal || this.problems.length > 0,
      LATE_MS,
    )
  }

  async close(): Promise<void> {
    this.#isWanted = false
    await this.#running.catch(() => {})
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  async #run(client: ZooKeeper): Promise<void> {
    const mutex = new Mutex(client, `${ROOM}/lock`)
    while (this.#isWanted) {
      const held = await mutex.acquire({ timeoutMs: LATE_MS })
      this.#enter(held)
      await this.#number(client)
      this.#holder = undefined
      await held.release()
    }
  }

  #enter(held: Held): void {
    const other = this.#holder
    if (other?.isHeld === true) this.problems.push(`two holders: ${other.token}, ${held.token}`)
    if (held.token <= this.#lastToken) {
      this.problems.push(`token ${held.token} after ${this.#lastToken}`)
    }
    this.#lastToken = held.token
    this.#holder = held
    this.entries++
  }

  /** An attempt whose outcome is not known has taken a number, or none. */
  async #number(client: ZooKeeper): Promise<void> {
    for (let unknown = 0; ; ) {
      try {
        const { path } = await client.create(`${LINE}/n-`, null, { mode: 'persistent-sequential' })
        const number = Number(path.slice(-10))
        const gap = number - this.#lastNumber - 1
        if (gap < 0 || gap > unknown) {
          this.problems.push(`number ${number} after ${this.#lastNumber}, ${unknown} unknown`)
        }
        this.#lastNumber = number
        return
      } catch (error) {
        if (!(error instanceof ZnodeError)) throw error
        if (error.outcome === 'unknown') unknown++
        else if (!error.retriable) throw error
      }
    }
  }
}
