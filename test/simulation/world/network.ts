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
  readonly run: () => void
}

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

  /** What was held comes now, in its order. */
  release(from: SimNode, to: SimNode): void {
    const link = this.#link(from, to)
    link.state.isHeld = false
    for (const message of link.held.splice(0)) this.#deliver(message, this.#world.nowMs + 0.1)
  }

  /** All links as they were at first. */
  heal(): void {
    for (const link of this.#links.values()) {
      link.state.extraMs = 0
      link.state.lossShare = 0
      link.state.twiceShare = 0
      link.state.isHeld = false
      for (const message of link.held.splice(0)) this.#deliver(message, this.#world.nowMs + 0.1)
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
    const message = { to, incarnation: to.incarnation, what, run }
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
    stream: { lastMs: number },
    what: string,
    run: () => void,
  ): void {
    const { random, nowMs } = this.#world
    const { state, held } = this.#link(from, to)
    const message = { to, incarnation: to.incarnation, what, run }
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
    this.#world.input(to, atMs, what, run)
  }
}
