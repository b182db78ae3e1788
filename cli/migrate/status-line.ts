/** How far a follower is: one line on a terminal, which replaces itself; elsewhere nothing, as the log says what changes. */
import type { SourceRecord } from '../../lib/internal.ts'

interface Output {
  readonly isTTY?: boolean
  write(text: string): unknown
}

const ERASE_LINE = '\r\x1b[K'

export class StatusLine {
  readonly #out: Output
  #isShown = false

  constructor(out: Output) {
    this.#out = out
  }

  show({ zxid, lagMs, digest, leader, resyncs }: SourceRecord): void {
    if (this.#out.isTTY !== true) return
    const where = leader === '' ? 'not connected' : `following ${leader}`
    const text = `${where}, zxid 0x${zxid.toString(16)}, lag ${lagMs} ms, digest ${digest}, resyncs ${resyncs}`
    this.#out.write(`${ERASE_LINE}${text}`)
    this.#isShown = true
  }

  end(): void {
    if (this.#isShown) this.#out.write('\n')
    this.#isShown = false
  }
}
