/** Follows an ensemble and keeps its tree, as a consumer of the feed does: every digest is compared, nothing may be missing. */
import { openSourceFeed } from '../../lib/migrate/open-source-feed.ts'
import type { SourceEvent, SourceFeed, SourceFeedOptions } from '../../lib/migrate/source-feed.ts'
import { DigestDrift } from '../../lib/transfer/zookeeper/digest-drift.ts'
import type { ZookeeperTree } from '../../lib/transfer/zookeeper/tree.ts'
import type { Txn } from '../../lib/transfer/zookeeper/txn.ts'

const TWO_32 = 2 ** 32

export class FollowedTree {
  readonly feed: SourceFeed
  tree: ZookeeperTree | undefined
  snapshots = 0
  transactions = 0
  digestsEqual = 0
  /** Different by an error of the leader: see DigestDrift. */
  digestsExplained = 0
  readonly #drift = new DigestDrift()
  /** What was not as it must be. */
  readonly problems: string[] = []
  /** Why connections ended. */
  readonly breaks: string[] = []
  /** host:port of those that were joined, in their order. */
  readonly leaders: string[] = []
  #currentZxid = 0
  readonly #waiting = new Set<() => void>()
  #held: Promise<void> | undefined
  readonly #running: Promise<void>

  constructor(options: SourceFeedOptions) {
    this.feed = openSourceFeed(options)
    this.#running = this.#run()
    this.#running.catch(() => {})
  }

  /** Ends with what the feed failed with. */
  async end(): Promise<void> {
    await this.feed.close()
    await this.#running
  }

  /** Once `isSo` holds, looked at after each event. Rejects with the feed. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await Promise.race([
        this.#running.then(() => Promise.reject(new Error('the feed has ended'))),
        new Promise<void>((resolve) => this.#waiting.add(resolve)),
      ])
    }
  }

  /** The tree at that zxid or behind it; it does not change until `release` is called. */
  async hold(zxid: number): Promise<{ tree: ZookeeperTree; release: () => void }> {
    await this.until(() => this.#has(zxid))
    let release = (): void => {}
    this.#held = new Promise((resolve) => {
      release = () => {
        this.#held = undefined
        resolve()
      }
    })
    return { tree: this.tree!, release }
  }

  #has(zxid: number): boolean {
    const here = this.tree?.zxid ?? -1
    return here >= zxid || (zxid % TWO_32 === 0 && this.#currentZxid >= zxid)
  }

  async #run(): Promise<void> {
    for await (const event of this.feed) {
      while (this.#held !== undefined) await this.#held
      this.#take(event)
      const waiting = [...this.#waiting]
      this.#waiting.clear()
      for (const wake of waiting) wake()
    }
  }

  #take(event: SourceEvent): void {
    if (event.kind === 'snapshot') {
      this.tree = event.tree
      this.snapshots++
    } else if (event.kind === 'transactions') for (const txn of event.txns) this.#apply(txn)
    else if (event.kind === 'current') this.#currentZxid = event.zxid
    else if (event.kind === 'connected') this.leaders.push(event.leader)
    else if (event.kind === 'disconnected') this.breaks.push(event.why)
    else if (event.kind === 'truncate') this.problems.push(`truncated to ${event.zxid}`)
  }

  #apply(txn: Txn): void {
    const tree = this.tree!
    if (txn.zxid <= tree.zxid) this.problems.push(`0x${txn.zxid.toString(16)} comes again`)
    tree.apply(txn)
    this.transactions++
    if (txn.digest === undefined) return
    const pair = { theirs: txn.digest.value, ours: tree.digest }
    const isTheirs = this.#drift.isTheirs(txn, pair, tree.driftView)
    if (isTheirs && this.#drift.isDrifting) this.digestsExplained++
    else if (isTheirs) this.digestsEqual++
    else this.problems.push(`another digest at ${shownTxn(txn)}`)
  }
}

function shownTxn({ zxid, type, clientId, ops }: Txn): string {
  const text = JSON.stringify(ops, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
  return `0x${zxid.toString(16)}, type ${type} of 0x${clientId.toString(16)}: ${text.slice(0, 400)}`
}
