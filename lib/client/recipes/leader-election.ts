/**
 * Leader election as ZooKeeper's recipe has it: an ephemeral sequential znode each, the lowest
 * leads, the others watch the one before them. No herd. Source: ZooKeeper recipes, "Leader
 * Election".
 */

import { childOf } from '../../model/path.ts'
import type { KeeperClient } from '../keeper-client.ts'
import { ensurePath } from '../paths.ts'

export { ensurePath } from '../paths.ts'

/** Options of {@link LeaderElection}. */
export interface ElectionOptions {
  /** Parent of the candidates; created when missing, persistent. */
  readonly path: string
  /** What others read of the leader. @default empty */
  readonly data?: Uint8Array
  /**
   * We lead from now on, until the client's state is no longer 'connected'. What it throws is lost,
   * unless it is called before join() has resolved.
   */
  readonly onElected: () => void
}

/**
 * One candidate. Limitations: it does not notice that its own znode was deleted by another client,
 * and a process that was stopped for longer than the session learns of its end only after it
 * resumes, so `isLeader` may be true for a moment while another candidate leads. Fence what the
 * leader writes. Call join() once.
 */
export class LeaderElection {
  readonly #client: KeeperClient
  readonly #options: ElectionOptions
  #own: string | undefined
  #leading = false

  constructor(client: KeeperClient, options: ElectionOptions) {
    this.#client = client
    this.#options = options
  }

  get isLeader(): boolean {
    return this.#leading && this.#client.state === 'connected'
  }

  /**
   * Becomes a candidate. Resolves when standing in line, elected or not.
   * @throws {ZnodeError} after ZK_CONNECTION_LOSS its znode may exist, and blocks the line until
   * the session ends
   */
  async join(): Promise<void> {
    const { path, data } = this.#options
    await ensurePath(this.#client, path)
    const made = await this.#client.create(`${path}/candidate-`, data ?? null, {
      mode: 'ephemeral-sequential',
    })
    this.#own = made.path.slice(path.length + 1)
    await this.#look()
  }

  /** Steps down, or out of the line. */
  async leave(): Promise<void> {
    const own = this.#own
    this.#own = undefined
    this.#leading = false
    if (own !== undefined) await this.#client.delete(childOf(this.#options.path, own))
  }

  /** Data of the leader; undefined when there is no candidate. @throws {ZnodeError} */
  async leader(): Promise<Uint8Array | null | undefined> {
    const first = (await this.#candidates())[0]
    if (first === undefined) return undefined
    return (await this.#client.getData(childOf(this.#options.path, first))).data
  }

  async #candidates(): Promise<string[]> {
    const { children } = await this.#client.getChildren(this.#options.path)
    return children.toSorted((a, b) => (a.slice(-10) < b.slice(-10) ? -1 : 1))
  }

  async #look(): Promise<void> {
    while (this.#own !== undefined) {
      const line = await this.#candidates()
      const place = line.indexOf(this.#own)
      if (place < 0) return
      if (place === 0) {
        this.#leading = true
        this.#options.onElected()
        return
      }
      const before = childOf(this.#options.path, line[place - 1] as string)
      const watched = await this.#client.exists(before, () => {
        this.#look().catch(() => {})
      })
      if (watched !== undefined) return
    }
  }
}
