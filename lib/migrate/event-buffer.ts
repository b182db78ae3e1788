/**
 * Events that wait for the consumer. Its size is estimated, so that whoever fills it can stop in time; what is in it is
 * never dropped but by close, or for a snapshot that makes up for it. Neighbours: open-source-feed, source-feed.
 */
import type { Txn } from '../transfer/zookeeper/txn.ts'
import type { SourceEvent } from './source-feed.ts'

/** What a decoded transaction takes beside its bytes, and an event without any. Unit: bytes. */
const OVERHEAD_BYTES = 400
/** Of one event: the consumer takes them in such portions. What may wait is bounded by bytes (bufferBytesMax), so nobody needs to set it. */
const TXNS_MAX = 1_000

/** What a snapshot makes up for. */
const OF_TREE: ReadonlySet<string> = new Set<SourceEvent['kind']>([
  'snapshot',
  'truncate',
  'transactions',
  'current',
])

interface Waiting {
  event: SourceEvent
  bytes: number
}

export class EventBuffer {
  readonly #waiting: Waiting[] = []
  #head = 0
  #bytes = 0
  #peak = 0
  #isOver = false
  #error: Error | undefined
  #wakeConsumer: (() => void) | undefined
  #lowWater: { readonly bytes: number; readonly wake: () => void } | undefined

  get bytes(): number {
    return this.#bytes
  }
  get peakBytes(): number {
    return this.#peak
  }

  /** A transaction joins those that wait already. `bytes`: as it was sent. */
  addTransaction(txn: Txn, bytes: number, atMs: number): void {
    const last = this.#last
    const size = bytes + OVERHEAD_BYTES
    if (last?.event.kind === 'transactions' && last.event.txns.length < TXNS_MAX) {
      // Made here, and not given out yet.
      ;(last.event.txns as Txn[]).push(txn)
      last.event = { ...last.event, atMs }
      last.bytes += size
      this.#grow(size)
      return
    }
    this.#push({ kind: 'transactions', txns: [txn], atMs }, size)
  }

  /**
   * A newer one takes the place of one of the same kind that waits last, where only the newest matters. A snapshot takes the
   * place of all of the tree that waits: it is too large to wait twice, as it would where leaders change while one is stored.
   */
  add(event: Exclude<SourceEvent, { kind: 'transactions' }>): void {
    if (event.kind === 'snapshot') this.#dropTree()
    const last = this.#last
    const isNews = event.kind !== 'current' && event.kind !== 'disconnected'
    if (isNews || last?.event.kind !== event.kind) this.#push(event, OVERHEAD_BYTES)
    else last.event = event
  }

  /** The next one, once there is one. undefined: closed. @throws what {@link fail} was called with */
  async take(): Promise<SourceEvent | undefined> {
    for (;;) {
      const next = this.#waiting[this.#head]
      if (next !== undefined) {
        this.#remove(next)
        return next.event
      }
      if (this.#error !== undefined) throw this.#error
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => {
        this.#wakeConsumer = resolve
      })
    }
  }

  /** Resolves when no more than `bytes` wait, or at the end. */
  async drainedTo(bytes: number): Promise<void> {
    if (this.#bytes <= bytes || this.#isOver) return
    await new Promise<void>((wake) => {
      this.#lowWater = { bytes, wake }
    })
  }

  /** Whatever is in it is dropped. */
  close(): void {
    this.#waiting.length = 0
    this.#head = 0
    this.#bytes = 0
    this.#end()
  }

  /** Whatever is in it is still given out, and then this is thrown. */
  fail(error: Error): void {
    this.#error ??= error
    this.#end()
  }

  #end(): void {
    this.#isOver = true
    this.#wakeConsumer?.()
    this.#lowWater?.wake()
  }

  get #last(): Waiting | undefined {
    return this.#head < this.#waiting.length ? this.#waiting.at(-1) : undefined
  }

  #dropTree(): void {
    const kept = this.#waiting.slice(this.#head).filter(({ event }) => !OF_TREE.has(event.kind))
    this.#waiting.splice(0, this.#waiting.length, ...kept)
    this.#head = 0
    this.#bytes = kept.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  #push(event: SourceEvent, bytes: number): void {
    if (this.#isOver) return
    this.#waiting.push({ event, bytes })
    this.#grow(bytes)
    this.#wakeConsumer?.()
  }

  #grow(bytes: number): void {
    this.#bytes += bytes
    this.#peak = Math.max(this.#peak, this.#bytes)
  }

  #remove({ bytes }: Waiting): void {
    this.#bytes -= bytes
    this.#head++
    if (this.#head === this.#waiting.length) {
      this.#waiting.length = 0
      this.#head = 0
    } else if (this.#head > 1_024) {
      this.#waiting.splice(0, this.#head)
      this.#head = 0
    }
    if (this.#lowWater === undefined || this.#bytes > this.#lowWater.bytes) return
    this.#lowWater.wake()
    this.#lowWater = undefined
  }
}
