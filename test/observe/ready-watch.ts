/** Asks /readyz all the time, as many probes would, and keeps when it changed. No answer, of a process that has no turn, is none. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { within } from '../support/eventually.ts'
import { http } from '../support/http.ts'

const PAUSE_MS = 50

export interface Change {
  readonly isReady: boolean
  /** What it said. */
  readonly body: string
  readonly atMs: number
}

export class ReadyWatch {
  readonly changes: Change[] = []
  readonly #port: number
  #isStopped = false
  readonly #loop: Promise<void>
  #waiters: (() => void)[] = []

  constructor(port: number) {
    this.#port = port
    this.#loop = this.#run()
  }

  get last(): Change | undefined {
    return this.changes.at(-1)
  }

  /** The change that makes it so, behind `from` changes. */
  async until(isReady: boolean, from = this.changes.length, deadlineMs = 30_000): Promise<Change> {
    const found = () => this.changes.slice(from).find((change) => change.isReady === isReady)
    const wait = async (): Promise<Change> => {
      for (;;) {
        const change = found()
        if (change !== undefined) return change
        await new Promise<void>((resolve) => this.#waiters.push(resolve))
      }
    }
    return within(`ready: ${isReady}`, deadlineMs, wait(), () => JSON.stringify(this.changes))
  }

  /** It ends once and begins once; how fast is printed. @returns what it said */
  async endsAndBegins(what: string, begin: () => unknown, end: () => unknown): Promise<string> {
    const from = this.changes.length
    const beganMs = performance.now()
    await begin()
    const away = await this.until(false, from)
    await end()
    const endedMs = performance.now()
    const back = await this.until(true, from)
    const seconds = (ms: number) => (ms / 1_000).toFixed(2)
    console.log(
      `      ${what}: not ready after ${seconds(away.atMs - beganMs)} s, ready ${seconds(back.atMs - endedMs)} s after the end`,
    )
    await sleep(500)
    expect(this.changes.slice(from).map(({ isReady }) => isReady)).to.deep.equal([false, true])
    return away.body
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#loop
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#look()
      await sleep(PAUSE_MS)
    }
  }

  async #look(): Promise<void> {
    const answer = await http(this.#port, '/readyz', { timeoutMs: 2_000 }).catch(() => undefined)
    if (answer === undefined) return
    const isReady = answer.status === 200
    if (this.last?.isReady === isReady) return
    this.changes.push({ isReady, body: answer.body, atMs: performance.now() })
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}
