/**
 * The load made of watches: many connections watch one znode, one more sets it. An operation is one
 * event; its latency runs from the set's send to the event. Every watcher sets its watch again
 * immediately; the next set is sent when all have. Neighbour: link.
 */
import { DATA } from './fixture.ts'
import { closeLinks, openLinks } from './idle-sessions.ts'
import { Link, type LinkOwner, type Target } from './link.ts'
import type { WatchesLoad } from './load.ts'
import type { Recorder } from './recorder.ts'
import type { Runner } from './runner.ts'
import { getData, setData } from './wire.ts'

export class WatchesRunner implements Runner {
  readonly #targets: readonly Target[]
  readonly #count: number
  readonly #recorder: Recorder
  readonly #set: Buffer
  readonly #watch: Buffer
  #watchers: Link[] = []
  #writer!: Link
  #sentMs = 0
  /** Watches set, and one for the set's own reply. */
  #ready = 0
  #resting = true
  #rested: (() => void) | undefined

  constructor(targets: readonly Target[], load: WatchesLoad, recorder: Recorder) {
    this.#targets = targets
    this.#count = load.watchers
    this.#recorder = recorder
    this.#set = setData(load.path, DATA)
    this.#watch = getData(load.path, true)
  }

  async open(): Promise<void> {
    const asWatcher: LinkOwner = {
      replied: () => this.#armed(),
      event: (link, nowMs) => {
        this.#recorder.done(0, nowMs - this.#sentMs)
        link.put(this.#watch)
      },
    }
    this.#writer = new Link(this.#targets[0]!, -1, {
      replied: () => this.#armed(),
      event() {},
    })
    await this.#writer.opened
    this.#watchers = await openLinks(this.#targets, this.#count, asWatcher)
    const rested = this.#rest()
    this.#ready = 1
    for (const link of this.#watchers) link.send(this.#watch)
    await rested
  }

  go(): void {
    this.#resting = false
    this.#change()
  }

  #change(): void {
    this.#ready = 0
    this.#sentMs = performance.now()
    this.#writer.send(this.#set)
  }

  #armed(): void {
    this.#ready++
    if (this.#ready <= this.#watchers.length) return
    if (this.#resting) this.#rested?.()
    else this.#change()
  }

  /** When all watches are set and the set is answered. */
  #rest(): Promise<void> {
    this.#resting = true
    return new Promise((resolve) => {
      this.#rested = resolve
    })
  }

  finish(): Promise<void> {
    return this.#rest()
  }

  async close(): Promise<void> {
    await closeLinks([...this.#watchers, this.#writer])
  }
}
