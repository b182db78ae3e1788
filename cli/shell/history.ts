/** The lines of earlier shells, in a file of the user's. Neighbour: prompt. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

const LINES_MAX = 1_000
/** They have a password. */
const SECRET = /^\s*addauth\b/

/** Source: XDG Base Directory Specification. */
export function historyFile({ XDG_STATE_HOME }: NodeJS.ProcessEnv): string {
  return join(XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'anykeeper', 'history')
}

export class History {
  readonly #path: string
  /** Oldest first. */
  readonly lines: string[]

  constructor(path: string) {
    this.#path = path
    this.lines = readLines(path)
    if (this.lines.length <= LINES_MAX) return
    this.lines.splice(0, this.lines.length - LINES_MAX)
    quietly(() => writeFileSync(path, `${this.lines.join('\n')}\n`, { mode: 0o600 }))
  }

  add(line: string): void {
    if (!this.isKept(line)) return
    this.lines.push(line)
    quietly(() => {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 })
    })
  }

  isKept(line: string): boolean {
    return line.trim() !== '' && !SECRET.test(line)
  }
}

function readLines(path: string): string[] {
  let text = ''
  quietly(() => {
    text = readFileSync(path, 'utf8')
  })
  return text.split('\n').filter((line) => line !== '')
}

/** A shell without history is a shell. */
function quietly(run: () => void): void {
  try {
    run()
  } catch {}
}
