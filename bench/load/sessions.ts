/** The load made of sessions: each is opened and closed, some at a time. Neighbour: link. */
import { Link, type Target } from './link.ts'
import type { Recorder } from './recorder.ts'

export class SessionLoad {
  readonly #recorder: Recorder
  #stopping = false
  #loops: Promise<void>[] = []

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  async start(target: Target, atATime: number): Promise<void> {
    for (let i = 0; i < atATime; i++) this.#loops.push(this.#loop(target, i))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#loops)
  }

  /** From the TCP connect to the answer to closeSession. */
  async #loop(target: Target, index: number): Promise<void> {
    const owner = { replied() {}, event() {} }
    while (!this.#stopping) {
      const startMs = performance.now()
      const link = new Link(target, index, owner)
      await link.opened
      await link.close()
      this.#recorder.done(0, performance.now() - startMs)
    }
  }
}
