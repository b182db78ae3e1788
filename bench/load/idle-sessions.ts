/** Sessions that only send heartbeats. Neighbours: requests, watchers, heartbeats. */
import { Link, type LinkOwner, type Target } from './link.ts'

/** Opened or closed together. */
const AT_A_TIME = 50
/** A third of the sessions' timeout, as ZooKeeper's client does. */
const HEARTBEAT_MS = 10_000

const silent: LinkOwner = { replied() {}, event() {} }

/** Spread over the targets in turn. */
export async function openLinks(
  targets: readonly Target[],
  count: number,
  owner: LinkOwner = silent,
): Promise<Link[]> {
  const links: Link[] = []
  while (links.length < count) {
    const portion = Array.from(
      { length: Math.min(AT_A_TIME, count - links.length) },
      (_, i) => new Link(targets[(links.length + i) % targets.length]!, links.length + i, owner),
    )
    await Promise.all(portion.map((link) => link.opened))
    links.push(...portion)
  }
  return links
}

/** Ends the sessions. Nothing may be outstanding. */
export async function closeLinks(links: readonly Link[]): Promise<void> {
  for (let from = 0; from < links.length; from += AT_A_TIME) {
    await Promise.all(links.slice(from, from + AT_A_TIME).map((link) => link.close()))
  }
}

/** Opened, kept alive evenly over time, closed. */
export class IdleSessions {
  readonly #targets: readonly Target[]
  readonly #count: number
  readonly #owner: LinkOwner
  #links: Link[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(targets: readonly Target[], count: number, owner: LinkOwner = silent) {
    this.#targets = targets
    this.#count = count
    this.#owner = owner
  }

  async open(): Promise<void> {
    this.#links = await openLinks(this.#targets, this.#count, this.#owner)
    // What is due is counted by time, for timers are late.
    const startMs = performance.now()
    let sent = 0
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) / HEARTBEAT_MS) * this.#links.length
      for (; sent < due; sent++) this.#links[sent % this.#links.length]!.beat()
    }, 20)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await closeLinks(this.#links)
  }
}
