/**
 * Register operations as JSON lines, for the porcupine checker (linearizability.ts):
 *
 *   {"process","key","op":"read|write|cas","value","version","call_ns","return_ns","outcome"}
 *
 * `version`: what a read or an answered write showed; of a cas also otherwise the version that it
 * would have made (one above the expected one); null of a write without answer. `value` is unique
 * for each write. Reads are those behind a sync, called when the sync was. `return_ns` of an unknown
 * outcome is null: it may take effect at any time later. A line {"lost"} names the beginning of the keys
 * for which nothing holds any more: the history of the store went back.
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

/** One line of the history. */
export interface HistoryLine {
  process: number
  key: string
  op: 'read' | 'write' | 'cas'
  value: string
  version: number | null
  call_ns: number
  return_ns: number | null
  outcome: 'ok' | 'unknown' | 'fail'
}

/** What a history has to say: without the keys for which nothing holds. */
export function linesOf(text: string): HistoryLine[] {
  const lines = text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => JSON.parse(row) as HistoryLine | { readonly lost: string })
  const lost = lines.flatMap((line) => ('lost' in line ? line.lost : []))
  return lines.filter(
    (line): line is HistoryLine =>
      !('lost' in line) && !lost.some((prefix) => line.key.startsWith(`${prefix}/`)),
  )
}

export interface LoadHistory {
  add(operation: RegisterOperation): void
  /** The servers may show less than they had shown: nothing holds for these registers. */
  lost(): void
}

const linesBuffered = 500

export class RegisterHistory {
  readonly #file: number
  readonly #processes = new Map<string, number>()
  #lines: string[] = []

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  /** The history of one load; registers of another one have the same names and start again. */
  of(load: string): LoadHistory {
    return {
      add: (operation) => this.#add(load, operation),
      lost: () => {
        this.#lines.push(JSON.stringify({ lost: load }))
      },
    }
  }

  #add(
    load: string,
    { process, path, op, value, version, callMs, nowMs, outcome = 'ok' }: RegisterOperation,
  ): void {
    const number = this.#processes.get(process) ?? this.#processes.size
    this.#processes.set(process, number)
    this.#lines.push(
      JSON.stringify({
        process: number,
        key: `${load}${path}`,
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
