/**
 * Register operations as JSON lines, for the porcupine checker:
 *
 *   {"process","key","op":"read|write|cas","value","version","call_ns","return_ns","outcome"}
 *
 * `version`: what a read or an answered write showed; of a cas also otherwise the version that it
 * would have made (one above the expected one); null of a write without answer. `value` is unique
 * for each write. Reads are those behind a sync, called when the sync was. `return_ns` of an unknown
 * outcome is null: it may take effect at any time later.
 */
import { closeSync, openSync, writeSync } from 'node:fs'

export interface RegisterOperation {
  readonly process: string
  readonly path: string
  readonly op: 'read' | 'write' | 'cas'
  readonly value: string
  readonly version: number | undefined
  readonly callMs: number
  readonly nowMs: number
  readonly outcome?: 'ok' | 'unknown' | 'fail'
}

const linesBuffered = 500

export class RegisterHistory {
  readonly #file: number
  readonly #processes = new Map<string, number>()
  #lines: string[] = []
  #keyPrefix = ''

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  /** Keys of another history: registers of the same names that start again. */
  startHistory(name: string): void {
    this.#keyPrefix = name
  }

  add({
    process,
    path,
    op,
    value,
    version,
    callMs,
    nowMs,
    outcome = 'ok',
  }: RegisterOperation): void {
    const number = this.#processes.get(process) ?? this.#processes.size
    this.#processes.set(process, number)
    this.#lines.push(
      JSON.stringify({
        process: number,
        key: `${this.#keyPrefix}${path}`,
        op,
        value,
        version: version ?? null,
        call_ns: Math.round(callMs * 1e6),
        return_ns: outcome === 'unknown' ? null : Math.round(nowMs * 1e6),
        outcome,
      }),
    )
    if (this.#lines.length >= linesBuffered) this.flush()
  }

  flush(): void {
    if (this.#lines.length > 0) writeSync(this.#file, `${this.#lines.join('\n')}\n`)
    this.#lines = []
  }

  close(): void {
    this.flush()
    closeSync(this.#file)
  }
}
