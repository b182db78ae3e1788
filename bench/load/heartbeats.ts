/** The load made of idle sessions: an operation is one heartbeat. Neighbour: idle-sessions. */
import { IdleSessions } from './idle-sessions.ts'
import type { Link, LinkOwner, Target } from './link.ts'
import type { HeartbeatsLoad } from './load.ts'
import type { Recorder } from './recorder.ts'
import type { Runner } from './runner.ts'

export class HeartbeatsRunner implements Runner, LinkOwner {
  readonly #sessions: IdleSessions
  readonly #recorder: Recorder

  constructor(targets: readonly Target[], { sessions }: HeartbeatsLoad, recorder: Recorder) {
    this.#sessions = new IdleSessions(targets, sessions, this)
    this.#recorder = recorder
  }

  replied(): void {}
  event(): void {}
  beaten(link: Link, nowMs: number): void {
    this.#recorder.done(0, nowMs - link.beatenMs)
  }

  open(): Promise<void> {
    return this.#sessions.open()
  }
  go(): void {}
  async finish(): Promise<void> {}
  close(): Promise<void> {
    return this.#sessions.close()
  }
}
