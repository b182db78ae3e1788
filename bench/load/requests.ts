/**
 * The loads made of requests: a number of connections, each with a window of requests in flight;
 * a reply is followed by the next request at once. Neighbours: link, loads (what is sent).
 */
import { Link, type LinkOwner, type Target } from './link.ts'
import type { Recorder } from './recorder.ts'

/** Puts one request on a link. */
export type Source = (link: Link) => void

export class RequestLoad implements LinkOwner {
  readonly #recorder: Recorder
  readonly #source: Source
  readonly #window: number
  readonly #links: Link[] = []
  /** When the requests in flight were sent, a ring per link: replies come in order. */
  readonly #sentMs: Float64Array[] = []
  readonly #at: number[] = []
  #stopping = false
  #stopped: (() => void) | undefined

  constructor(recorder: Recorder, source: Source, window: number) {
    this.#recorder = recorder
    this.#source = source
    this.#window = window
  }

  async start(target: Target, connections: number): Promise<void> {
    for (let i = 0; i < connections; i++) {
      this.#links.push(new Link(target, i, this))
      this.#sentMs.push(new Float64Array(this.#window))
      this.#at.push(0)
    }
    await Promise.all(this.#links.map((link) => link.opened))
    for (const link of this.#links) {
      this.#sentMs[link.index]!.fill(performance.now())
      for (let i = 0; i < this.#window; i++) this.#source(link)
      link.flush()
    }
  }

  replied(link: Link, errno: number, nowMs: number): void {
    const sent = this.#sentMs[link.index]!
    const at = this.#at[link.index]!
    this.#recorder.done(errno, nowMs - sent[at]!)
    if (this.#stopping) {
      if (this.#links.every(({ outstanding }) => outstanding === 0)) this.#stopped?.()
      return
    }
    sent[at] = nowMs
    this.#at[link.index] = at + 1 === this.#window ? 0 : at + 1
    this.#source(link)
  }

  event(): void {}

  /** Waits for what is in flight, then ends the sessions. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#links.some(({ outstanding }) => outstanding > 0)) {
      await new Promise<void>((resolve) => {
        this.#stopped = resolve
      })
    }
    await Promise.all(this.#links.map((link) => link.close()))
  }
}
