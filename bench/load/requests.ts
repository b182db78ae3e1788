/**
 * The loads made of requests: a number of connections, each with a window of requests in flight;
 * each reply is followed immediately by the next request. Neighbours: link, load (what is sent).
 */
import { closeLinks, IdleSessions, openLinks } from './idle-sessions.ts'
import type { Link, LinkOwner, Target } from './link.ts'
import type { RequestsLoad, Source } from './load.ts'
import type { Recorder } from './recorder.ts'
import type { Runner } from './runner.ts'

export class RequestsRunner implements LinkOwner, Runner {
  readonly #targets: readonly Target[]
  readonly #load: RequestsLoad
  readonly #source: Source
  readonly #recorder: Recorder
  readonly #idle: IdleSessions
  #links: Link[] = []
  /** When the requests in flight were sent, a ring per link: replies come in order. */
  #sentMs: Float64Array[] = []
  #at: number[] = []
  #stopping = false
  #stopped: (() => void) | undefined

  constructor(targets: readonly Target[], load: RequestsLoad, source: Source, recorder: Recorder) {
    this.#targets = targets
    this.#load = load
    this.#source = source
    this.#recorder = recorder
    this.#idle = new IdleSessions(targets, load.idle ?? 0)
  }

  async open(): Promise<void> {
    await this.#idle.open()
    this.#links = await openLinks(this.#targets, this.#load.connections, this)
    this.#sentMs = this.#links.map(() => new Float64Array(this.#load.inFlight))
    this.#at = this.#links.map(() => 0)
  }

  go(): void {
    for (const link of this.#links) {
      this.#sentMs[link.index]!.fill(performance.now())
      for (let i = 0; i < this.#load.inFlight; i++) this.#source(link)
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
    this.#at[link.index] = at + 1 === this.#load.inFlight ? 0 : at + 1
    this.#source(link)
  }

  event(): void {}

  async finish(): Promise<void> {
    this.#stopping = true
    if (this.#links.every(({ outstanding }) => outstanding === 0)) return
    await new Promise<void>((resolve) => {
      this.#stopped = resolve
    })
  }

  async close(): Promise<void> {
    await closeLinks(this.#links)
    await this.#idle.close()
  }
}
