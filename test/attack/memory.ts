/** Resident memory of processes, sampled. Neighbour: attack-run. */
import { readFileSync } from 'node:fs'

/** MiB. */
export interface Memory {
  readonly before: number
  readonly peak: number
  /** Some seconds after the attack. */
  readonly after: number
}

const SAMPLE_MS = 50

/** Of a process that has ended there is none. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

/** Without the pages of mapped files, which the kernel takes back when it needs them. Unit MiB. */
function residentMib(pid: number): number {
  const text = statusOf(pid)
  return Math.round(Number(/^RssAnon:\s+(\d+)/m.exec(text)?.[1] ?? 0) / 1024)
}

export class MemoryWatch {
  readonly #pid: number
  readonly #before: number
  readonly #timer: NodeJS.Timeout
  #peak: number

  constructor(pid: number) {
    this.#pid = pid
    this.#before = residentMib(pid)
    this.#peak = this.#before
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS)
  }

  #look(): number {
    const now = residentMib(this.#pid)
    this.#peak = Math.max(this.#peak, now)
    return now
  }

  stop(): Memory {
    clearInterval(this.#timer)
    const after = this.#look()
    return { before: this.#before, peak: this.#peak, after }
  }

  abandon(): void {
    clearInterval(this.#timer)
  }
}
