/** The load made of sessions: each is opened and closed, some at a time. Neighbour: link. */
import { Link, type Target } from './link.ts'
import type { SessionsLoad } from './load.ts'
import type { Recorder } from './recorder.ts'
import type { Runner } from './runner.ts'

export class SessionsRunner implements Runner {
  readonly #targets: readonly Target[]
  readonly #atATime: number
  readonly #recorder: Recorder
  #stopping = false
  #loops: Promise<void>[] = []

  constructor(targets: readonly Target[], { atATime }: SessionsLoad, recorder: Recorder) {
    this.#targets = targets
    this.#atATime = atATime
    this.#recorder = recorder
  }

  async open(): Promise<void> {}

  go(): void {
    this.#loops = Array.from({ length: this.#atATime }, (_, i) => this.#loop(i))
  }

  async finish(): Promise<void> {
    this.#stopping = true
    await Promise.all(this.#loops)
  }

  async close(): Promise<void> {}

  /** From the TCP connect to the answer to closeSession. */
  async #loop(index: number): Promise<void> {
    const target = this.#targets[index % this.#targets.length]!
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
