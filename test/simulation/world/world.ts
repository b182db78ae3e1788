/**
 * The scheduler: simulated time, the one queue of everything that will happen, and the loop that runs
 * it event by event. Each event belongs to a node; what it starts (promises, immediates) is done
 * before the next event. Neighbours: sim-node, network, trace.
 */
import { EventQueue } from './event-queue.ts'
import { SeededRandom } from './seeded-random.ts'
import type { SimNode } from './sim-node.ts'
import { Trace, type TraceSink } from './trace.ts'

export type EventKind = 'timer' | 'input' | 'immediate'

export interface Scheduled {
  atMs: number
  order: number
  readonly node: SimNode
  readonly incarnation: number
  readonly kind: EventKind
  readonly what: string
  readonly run: () => void
  cancelled: boolean
}

/** The code of a simulated process threw where nobody catches it: a real one would be gone. */
export interface Crash {
  readonly node: string
  readonly error: unknown
}

const realSetImmediate = setImmediate

export class World {
  nowMs = 0
  readonly seed: number
  readonly trace: Trace
  /** Of delays and faults; clients have generators of their own. */
  readonly random: SeededRandom
  readonly crashes: Crash[] = []
  readonly #queue = new EventQueue<Scheduled>()
  #order = 0
  #current: SimNode | undefined

  constructor(seed: number, sink?: TraceSink) {
    this.seed = seed
    this.trace = new Trace(sink)
    this.random = new SeededRandom(seed)
  }

  /** Whose code runs. */
  get current(): SimNode {
    if (this.#current === undefined) throw new Error('no simulated process runs now')
    return this.#current
  }

  /** @returns its cancel */
  after(node: SimNode, delayMs: number, what: string, run: () => void): () => void {
    return this.#add(node, this.nowMs + Math.max(0, delayMs), 'timer', what, run)
  }

  /** Something that comes from outside of the node. */
  input(node: SimNode, atMs: number, what: string, run: () => void): () => void {
    return this.#add(node, Math.max(atMs, this.nowMs), 'input', what, run)
  }

  /** An event that was held back comes now. */
  again(event: Scheduled): void {
    event.atMs = this.nowMs
    event.order = this.#order++
    this.#queue.push(event)
  }

  #add(node: SimNode, atMs: number, kind: EventKind, what: string, run: () => void): () => void {
    const { incarnation } = node
    const event: Scheduled = {
      atMs,
      order: this.#order++,
      node,
      incarnation,
      kind,
      what,
      run,
      cancelled: false,
    }
    this.#queue.push(event)
    return () => {
      event.cancelled = true
    }
  }

  /** Runs until the queue has nothing before `untilMs`, or `isDone` says so, or something crashed. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    const restore = this.#takeOver()
    try {
      await new Promise<void>((resolve) => {
        const step = (): void => {
          const next = this.#queue.peek()
          if (next === undefined || next.atMs > untilMs || this.crashes.length > 0 || isDone()) {
            if (next === undefined || next.atMs > untilMs)
              this.nowMs = Math.max(this.nowMs, untilMs)
            resolve()
            return
          }
          this.#queue.pop()
          this.#runOne(next)
          // After all promises of this event: node empties its microtasks before the next immediate.
          realSetImmediate(step)
        }
        realSetImmediate(step)
      })
    } finally {
      restore()
    }
  }

  #runOne(event: Scheduled): void {
    const { node, incarnation, what } = event
    if (event.cancelled || incarnation !== node.incarnation) return
    this.nowMs = Math.max(this.nowMs, event.atMs)
    if (node.isFrozen) {
      node.held.push(event)
      return
    }
    this.trace.event(this.nowMs, node.name, what)
    this.#current = node
    try {
      event.run()
    } catch (error) {
      this.crashes.push({ node: node.name, error })
    }
  }

  /** setImmediate of the code under test becomes an event of its node; a lost promise is a crash. */
  #takeOver(): () => void {
    const onRejection = (error: unknown): void => {
      this.crashes.push({ node: this.#current?.name ?? '?', error })
    }
    const immediate = (run: (...args: unknown[]) => void, ...args: unknown[]): unknown =>
      this.#add(this.current, this.nowMs, 'immediate', 'immediate', () => run(...args))
    const real = globalThis.setImmediate
    globalThis.setImmediate = immediate as unknown as typeof setImmediate
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', onRejection)
    return () => {
      globalThis.setImmediate = real
      process.removeListener('unhandledRejection', onRejection)
      for (const other of others) process.on('unhandledRejection', other)
    }
  }
}
