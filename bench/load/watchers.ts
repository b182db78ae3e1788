/**
 * The load made of watches: many connections watch one znode, one more sets it. An operation is one
 * event; its latency runs from the set's send to the event. Every watcher sets its watch again at
 * once; the next set is sent when all have. Neighbour: link.
 */
import { Link, type LinkOwner, type Target } from './link.ts'
import type { Recorder } from './recorder.ts'
import { getData, setData } from './wire.ts'

/** Sessions opened at once. */
const OPENING = 50

export class WatchLoad {
  readonly #recorder: Recorder
  readonly #set: Buffer
  readonly #watch: Buffer
  readonly #watchers: Link[] = []
  #writer!: Link
  #sentMs = 0
  #armed = 0
  #stopping = false
  #stopped: (() => void) | undefined

  constructor(recorder: Recorder, path: string, data: Uint8Array) {
    this.#recorder = recorder
    this.#set = setData(path, data)
    this.#watch = getData(path, true)
  }

  async start(target: Target, watchers: number): Promise<void> {
    const asWatcher: LinkOwner = {
      replied: () => this.#ready(),
      event: (link, nowMs) => {
        this.#recorder.done(0, nowMs - this.#sentMs)
        link.put(this.#watch)
      },
    }
    this.#writer = new Link(target, -1, { replied: () => this.#ready(), event: () => {} })
    await this.#writer.opened
    while (this.#watchers.length < watchers) {
      const count = Math.min(OPENING, watchers - this.#watchers.length)
      const links = Array.from({ length: count }, (_, i) => new Link(target, i, asWatcher))
      await Promise.all(links.map((link) => link.opened))
      this.#watchers.push(...links)
    }
    // As if a set had been answered: the first one goes out when all watches are set.
    this.#armed = 1
    for (const link of this.#watchers) link.send(this.#watch)
  }

  #ready(): void {
    this.#armed++
    if (this.#armed <= this.#watchers.length) return
    if (this.#stopping) {
      this.#stopped?.()
      return
    }
    this.#armed = 0
    this.#sentMs = performance.now()
    this.#writer.send(this.#set)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await new Promise<void>((resolve) => {
      this.#stopped = resolve
    })
    for (const link of [...this.#watchers, this.#writer]) await link.close()
  }
}
