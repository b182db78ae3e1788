/**
 * The client's end of a watch that outlives its streams, as adapters/etcd has it: what came already is
 * dropped, a silent member is left, and the next one is asked for what follows.
 * Neighbours: member-watch (the other end), sim-store.
 */
import {
  type Clock,
  StoreError,
  type StoreEvent,
  type WatchBatch,
  type WatchOptions,
} from '../../../lib/index.ts'
import type { SimNode } from '../world/sim-node.ts'
import type { Cluster } from './cluster.ts'
import type { ClusterMember } from './cluster-member.ts'
import { MemberWatch, type WatchReceiver } from './member-watch.ts'
import type { StickyMembers } from './sticky-members.ts'

const PROGRESS_MS = 2_000
const UNANSWERED_MAX = 3
const REOPEN_PAUSES_MS = [0, 50, 200, 500, 1_000, 2_000]

interface WatchDeps {
  readonly cluster: Cluster
  readonly node: SimNode
  readonly clock: Clock
  readonly members: StickyMembers
  readonly closed: AbortSignal
  readonly onLost: Set<(member: ClusterMember) => void>
}

export async function* simWatch(
  deps: WatchDeps,
  options: WatchOptions,
): AsyncGenerator<WatchBatch> {
  const { members, clock, closed } = deps
  const { signal } = options
  let next = options.fromRevision
  let fruitless = 0
  if (options.suspect === true) members.suspect()
  while (!signal.aborted && !closed.aborted) {
    const member = members.current
    const stream = new WatchStream(deps, member, { ...options, fromRevision: next })
    const onEnded = (): void => stream.end()
    signal.addEventListener('abort', onEnded)
    closed.addEventListener('abort', onEnded)
    try {
      for (;;) {
        const batch = await stream.next()
        if (batch === undefined) break
        fruitless = 0
        next = batch.revision + 1
        yield batch
      }
    } catch (error) {
      members.failed(member, error)
      const { code } = error as StoreError
      if (code !== 'STORE_UNAVAILABLE' && code !== 'STORE_TIMEOUT') throw error
      const pauseMs = REOPEN_PAUSES_MS[Math.min(fruitless, REOPEN_PAUSES_MS.length - 1)] as number
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          cancel()
          signal.removeEventListener('abort', wake)
          closed.removeEventListener('abort', wake)
          resolve()
        }
        const cancel = clock.after(pauseMs, wake)
        signal.addEventListener('abort', wake)
        closed.addEventListener('abort', wake)
      })
      fruitless += 1
    } finally {
      signal.removeEventListener('abort', onEnded)
      closed.removeEventListener('abort', onEnded)
      stream.end()
    }
  }
  if (closed.aborted && !signal.aborted) {
    throw new StoreError('STORE_CLOSED', 'the store is closed')
  }
}

class WatchStream implements WatchReceiver {
  readonly node: SimNode
  readonly #incarnation: number
  readonly #deps: WatchDeps
  readonly #member: ClusterMember
  #watch: MemberWatch | undefined
  #batches: WatchBatch[] = []
  #error: StoreError | undefined
  #isOver = false
  #wake: (() => void) | undefined
  #delivered: number
  #unanswered = 0
  #cancelTimer = (): void => {}
  readonly #lost = (member: ClusterMember): void => {
    if (member !== this.#member) return
    this.failed(new StoreError('STORE_UNAVAILABLE', 'simulated: the watch broke'))
  }

  constructor(deps: WatchDeps, member: ClusterMember, options: WatchOptions) {
    this.#deps = deps
    this.#member = member
    this.node = deps.node
    this.#incarnation = deps.node.incarnation
    this.#delivered = options.fromRevision - 1
    deps.onLost.add(this.#lost)
    if (member.isDown) {
      const { world } = deps.cluster
      world.input(this.node, world.nowMs + 0.5, 'watch refused', () =>
        this.failed(new StoreError('STORE_UNAVAILABLE', 'simulated: connection refused')),
      )
    } else {
      this.#ask('watch', () => {
        if (this.#isOver || this.#isGone) return
        this.#watch = new MemberWatch(member, this, options)
        this.#watch.pump()
      })
    }
    this.#armProgress()
  }

  /** undefined: it was ended. */
  async next(): Promise<WatchBatch | undefined> {
    while (this.#batches.length === 0 && this.#error === undefined && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const batch = this.#batches.shift()
    if (batch !== undefined || this.#error === undefined) return batch
    throw this.#error
  }

  /** Its process was killed. */
  get #isGone(): boolean {
    return this.node.incarnation !== this.#incarnation
  }

  received(events: readonly StoreEvent[]): void {
    if (this.#isOver || this.#isGone) return
    this.#unanswered = 0
    const revisionOf = (e: StoreEvent) => (e.type === 'put' ? e.kv.modRevision : e.modRevision)
    const wanted = events.filter((event) => revisionOf(event) > this.#delivered)
    const last = wanted.at(-1)
    if (last === undefined) return
    this.#delivered = revisionOf(last)
    this.#push({ revision: this.#delivered, events: wanted })
  }

  progress(revision: number): void {
    if (this.#isOver || this.#isGone) return
    this.#unanswered = 0
    this.#delivered = Math.max(this.#delivered, revision)
    this.#push({ revision: this.#delivered, events: [] })
  }

  failed(error: StoreError): void {
    if (this.#isOver || this.#isGone) return
    this.#error = error
    this.end()
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimer()
    this.#deps.onLost.delete(this.#lost)
    this.#ask('watch: cancel', () => this.#watch?.cancel())
    this.#wake?.()
  }

  #push(batch: WatchBatch): void {
    this.#batches.push(batch)
    this.#wake?.()
  }

  #ask(what: string, run: () => void): void {
    const { network } = this.#deps.cluster
    if (!this.#member.isDown) network.send(this.node, this.#member.node, what, run)
  }

  #armProgress(): void {
    this.#cancelTimer = this.#deps.clock.after(PROGRESS_MS, () => {
      if (this.#unanswered >= UNANSWERED_MAX) {
        this.failed(new StoreError('STORE_TIMEOUT', 'simulated: the watch is silent'))
        return
      }
      this.#unanswered += 1
      this.#ask('watch: progress?', () => this.#watch?.sendProgress())
      this.#armProgress()
    })
  }
}
