/** The lines of earlier shells, in a file of the user's. Neighbour: prompt. */
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeFolder } from '../../adapters/index.ts'
import { reasonInWords } from '../unusable.ts'
import { wordsSoFar } from './words.ts'

const LINES_MAX = 1_000
/** A URL with a password. */
const URL_WITH_PASSWORD = /:\/\/[^/]*:[^/]*@/

/** It has a password: of addauth, also where that is quoted or mistyped, or of the URL of a store. */
function isSecret(line: string): boolean {
  const [name, scheme, ...rest] = wordsSoFar(line).map(({ text }) => text)
  return (
    name === 'addauth' ||
    (scheme === 'digest' && rest.length > 0) ||
    (scheme !== undefined && URL_WITH_PASSWORD.test(scheme))
  )
}

/** Source: XDG Base Directory Specification. */
export function historyFile({ XDG_STATE_HOME }: NodeJS.ProcessEnv): string {
  return join(XDG_STATE_HOME || join(homeFolder(), '.local', 'state'), 'anykeeper', 'history')
}

/** A user who is in no list of users has none. */
function homeFolder(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}

export class History {
  readonly #path: string
  /** Oldest first. */
  readonly lines: string[] = []
  #trouble: string | undefined

  constructor(path: string) {
    this.#path = path
    this.#tried(() => {
      const text = textOf(path)
      this.lines.push(...text.split('\n').filter((line) => line !== ''))
      if (this.lines.length <= LINES_MAX) return
      this.lines.splice(0, this.lines.length - LINES_MAX)
      writeFileSync(path, `${this.lines.join('\n')}\n`, { mode: 0o600 })
    })
  }

  /** Why lines are kept for this shell alone; undefined: they are kept. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  add(line: string): void {
    if (!this.isKept(line)) return
    this.lines.push(line)
    if (this.lines.length > LINES_MAX) this.lines.shift()
    if (this.#trouble !== undefined) return
    this.#tried(() => {
      makeFolder(dirname(this.#path), 0o700)
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 })
    })
  }

  isKept(line: string): boolean {
    return line.trim() !== '' && !isSecret(line)
  }

  /** A shell without history is a shell. */
  #tried(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#trouble = `the history is not kept: ${this.#path}: ${reasonInWords(error)}`
    }
  }
}

/** A FIFO or a device would be waited for. @throws it is there, and no file */
function textOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return ''
  if (!stat.isFile()) throw new Error('it is no file')
  return readFileSync(path, 'utf8')
}
