/**
 * The watch events of one client from both sides: each must have its equal on the other side within
 * the grace time and in the same order per path; one that the client's own request caused must come
 * before the reply on both sides. Neighbour: server-pair.
 */
import { type Clock, EVENT, type MultiOp, type Request } from '../../lib/internal.ts'
import type { SeenEvent } from './upstream.ts'

export type Side = 'candidate' | 'oracle'

export interface EventDifference {
  readonly why: string
  readonly candidate: SeenEvent | undefined
  readonly oracle: SeenEvent | undefined
  /** The client's own request that caused the event, if the difference is about that. */
  readonly request?: Request
}

export interface EventMatcherOptions {
  readonly clock: Clock
  readonly graceMs: number
  onMatched(): void
  onDifference(difference: EventDifference): void
}

interface Waiting {
  readonly side: Side
  readonly event: SeenEvent
  readonly cancel: () => void
  /** A later event of this path found its equal before this one. */
  isPassed: boolean
}

/** Requests kept for the events that they may have caused. */
const CAUSES_MAX = 100
const CAUSING = new Set<Request['type']>(['create', 'delete', 'setData', 'multi', 'setWatches'])

export class EventMatcher {
  readonly #options: EventMatcherOptions
  /** By path, in order of arrival, of both sides. */
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #causes = new Map<number, Request>()

  constructor(options: EventMatcherOptions) {
    this.#options = options
  }

  /** Events that wait for their equal. */
  get waiting(): number {
    let count = 0
    for (const list of this.#waiting.values()) count += list.length
    return count
  }

  /** A request is about to be sent; `index`: the number of replies before its own. */
  sending(index: number, request: Request): void {
    if (!CAUSING.has(request.type)) return
    this.#causes.set(index, request)
    if (this.#causes.size > CAUSES_MAX) {
      for (const oldest of this.#causes.keys()) {
        this.#causes.delete(oldest)
        break
      }
    }
  }

  arrived(side: Side, event: SeenEvent): void {
    const list = this.#waiting.get(event.path) ?? []
    const equal = list.find(
      (other) =>
        other.side !== side && other.event.type === event.type && other.event.state === event.state,
    )
    if (equal === undefined) {
      const { clock, graceMs } = this.#options
      const waiting: Waiting = {
        side,
        event,
        cancel: clock.after(graceMs, () => this.#missed(waiting)),
        isPassed: false,
      }
      list.push(waiting)
      this.#waiting.set(event.path, list)
      return
    }
    this.#take(equal)
    // Events before it on its own side, or waiting on this side, are missing or out of order.
    const before = list.slice(0, list.indexOf(equal)).filter((other) => other.side === equal.side)
    for (const other of [...before, ...list.filter((one) => one.side === side)]) {
      other.isPassed = true
    }
    const pair = { [side]: event, [equal.side]: equal.event } as Record<Side, SeenEvent>
    this.#compare(pair, equal.isPassed)
  }

  /** The connection ended. Returns how many had no equal; they are reported only if `strict`. */
  end(strict: boolean): number {
    let count = 0
    for (const list of [...this.#waiting.values()]) {
      for (const waiting of [...list]) {
        count++
        if (strict) this.#missed(waiting)
        else this.#take(waiting)
      }
    }
    return count
  }

  #compare(pair: Record<Side, SeenEvent>, isPassed: boolean): void {
    const { candidate, oracle } = pair
    if (isPassed) {
      this.#options.onDifference({ why: 'in another order', candidate, oracle })
      return
    }
    const late = candidate.index > oracle.index ? 'candidate' : 'oracle'
    const early = pair[late === 'candidate' ? 'oracle' : 'candidate']
    const request = this.#causes.get(early.index)
    if (
      candidate.index !== oracle.index &&
      early.inFlight &&
      request !== undefined &&
      mayCause(request, early)
    ) {
      const why = `after the reply to the request that caused it on the ${late}`
      this.#options.onDifference({ why, candidate, oracle, request })
      return
    }
    this.#options.onMatched()
  }

  #missed(waiting: Waiting): void {
    this.#take(waiting)
    const { side, event } = waiting
    const missing = side === 'candidate' ? 'oracle' : 'candidate'
    this.#options.onDifference({
      why: `did not come from the ${missing}`,
      candidate: side === 'candidate' ? event : undefined,
      oracle: side === 'oracle' ? event : undefined,
    })
  }

  #take(waiting: Waiting): void {
    waiting.cancel()
    const { path } = waiting.event
    const left = (this.#waiting.get(path) ?? []).filter((other) => other !== waiting)
    if (left.length === 0) this.#waiting.delete(path)
    else this.#waiting.set(path, left)
  }
}

/** Whether the request may have caused the event. */
function mayCause(request: Request, event: SeenEvent): boolean {
  switch (request.type) {
    case 'multi':
      return request.ops.some((op) => opMayCause(op, event))
    case 'create':
    case 'delete':
    case 'setData':
      return opMayCause(request, event)
    case 'setWatches':
      return [...request.data, ...request.exist, ...request.child].includes(event.path)
    default:
      return false
  }
}

function opMayCause(op: MultiOp, { type, path }: SeenEvent): boolean {
  const inParent = type === EVENT.NodeChildrenChanged && path === parentOf(op.path)
  switch (op.type) {
    case 'create':
      // A sequence number may follow.
      return inParent || (type === EVENT.NodeCreated && path.startsWith(op.path))
    case 'delete':
      return inParent || (type === EVENT.NodeDeleted && path === op.path)
    case 'setData':
      return type === EVENT.NodeDataChanged && path === op.path
    case 'check':
      return false
  }
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}
