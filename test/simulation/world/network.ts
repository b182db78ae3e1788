/**
 * Links between machines, each direction by itself: how long a message takes, whether it is held,
 * lost, or comes twice. Streams (sockets, watches) keep their order, single calls need not.
 */
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** held: like a link that is down while TCP repeats; lossy: messages are lost, a part of them. */
export interface LinkState {
  typicalMs: number
  extraMs: number
  isHeld: boolean
  lossShare: number
  /** Share of calls that come a second time, later. */
  twiceShare: number
}

interface HeldMessage {
  readonly to: SimNode
  readonly incarnation: number
  readonly what: string
  /** `dueMs`: when it reaches the machine, which may be stopped then. */
  readonly run: (dueMs: number) => void
  /** Of a single call: one of its own. */
  readonly stream: Stream
}

/** When the last message of a stream arrives. */
export interface Stream {
  lastMs: number
}

/** What TCP may take to try again once the link is back. Unit ms. */
const RETRY_MS_MAX = 3_000

class Link {
  readonly state: LinkState = {
    typicalMs: 1,
    extraMs: 0,
    isHeld: false,
    lossShare: 0,
    twiceShare: 0,
  }
  readonly held: HeldMessage[] = []
}

export class Network {
  readonly #world: World
  readonly #links = new Map<string, Link>()

  constructor(world: World) {
    this.#world = world
  }

  #link(from: SimNode, to: SimNode): Link {
    const name = `${from.name}>${to.name}`
    let link = this.#links.get(name)
    if (link === undefined) {
      link = new Link()
      this.#links.set(name, link)
    }
    return link
  }

  /** Of one direction; what is changed holds for messages from now on. */
  stateOf(from: SimNode, to: SimNode): LinkState {
    return this.#link(from, to).state
  }

  hold(from: SimNode, to: SimNode): void {
    this.#link(from, to).state.isHeld = true
  }

  release(from: SimNode, to: SimNode): void {
    this.#release(this.#link(from, to))
  }

  /** All links as they were at first. */
  heal(): void {
    for (const link of this.#links.values()) {
      link.state.extraMs = 0
      link.state.lossShare = 0
      link.state.twiceShare = 0
      this.#release(link)
    }
  }

  /** What was held comes, each connection when it happens to try again, in its own order. */
  #release(link: Link): void {
    const { random, nowMs } = this.#world
    link.state.isHeld = false
    const resumed = new Map<Stream, number>()
    const isPrompt = random.chance(0.5)
    for (const message of link.held.splice(0)) {
      const { stream } = message
      let atMs = resumed.get(stream)
      if (atMs === undefined) {
        atMs = nowMs + (isPrompt ? random.between(0.1, 5) : random.between(0.1, RETRY_MS_MAX))
        resumed.set(stream, atMs)
      }
      stream.lastMs = Math.max(stream.lastMs, atMs)
      this.#deliver(message, stream.lastMs)
    }
  }

  /** A call or its answer: may overtake others, or come twice. @returns false: it is lost */
  send(
    from: SimNode,
    to: SimNode,
    what: string,
    run: () => void,
    options: { readonly mayComeTwice?: boolean } = {},
  ): boolean {
    const { random, nowMs } = this.#world
    const { state, held } = this.#link(from, to)
    const message = { to, incarnation: to.incarnation, what, run, stream: { lastMs: 0 } }
    if (random.chance(state.lossShare)) {
      this.#world.trace.note(nowMs, from.name, () => `lost: ${what} to ${to.name}`)
      return false
    }
    if (state.isHeld) {
      held.push(message)
      return true
    }
    const takesMs = random.latencyMs(state.typicalMs) + state.extraMs
    this.#deliver(message, nowMs + takesMs)
    if (options.mayComeTwice === true && random.chance(state.twiceShare)) {
      this.#deliver(
        { ...message, what: `${what} again` },
        nowMs + takesMs + random.between(0.5, 2_000),
      )
    }
    return true
  }

  /** A message of a stream: after those before it. `stream` remembers when the last one arrives. */
  sendInOrder(
    from: SimNode,
    to: SimNode,
    stream: Stream,
    what: string,
    run: (dueMs: number) => void,
  ): void {
    const { random, nowMs } = this.#world
    const { state, held } = this.#link(from, to)
    const message = { to, incarnation: to.incarnation, what, run, stream }
    if (state.isHeld) {
      held.push(message)
      return
    }
    const takesMs = random.latencyMs(state.typicalMs) + state.extraMs
    stream.lastMs = Math.max(stream.lastMs, nowMs + takesMs)
    this.#deliver(message, stream.lastMs)
  }

  #deliver({ to, incarnation, what, run }: HeldMessage, atMs: number): void {
    if (to.incarnation !== incarnation) return
    this.#world.input(to, atMs, what, () => run(atMs))
  }
}
