/** A script that says what it found in JSON lines, run by Debian's Python. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { stopProcess } from '../support/stop-process.ts'
import { within } from './two-proxies.ts'

const python = '/usr/bin/python3'
const folder = new URL('./kazoo/', import.meta.url)

export interface Told {
  what: string
  [field: string]: unknown
}

export class PythonScript {
  readonly #name: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  readonly #told: Told[] = []
  #errors = ''
  #isOver = false
  #wake = () => {}

  constructor(name: string, args: readonly string[]) {
    this.#name = name
    // -B: no compiled files beside the scripts.
    const program = ['-B', fileURLToPath(new URL(name, folder)), ...args]
    this.#process = spawn(python, program, { stdio: 'pipe' })
    createInterface(this.#process.stdout).on('line', (line) => {
      this.#told.push(JSON.parse(line))
      this.#wake()
    })
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000)
    })
    this.#process.stdin.on('error', () => {})
    this.#process.on('error', (error) => {
      this.#errors += error
    })
    this.#ended = new Promise((resolve) => {
      this.#process.on('close', () => {
        this.#isOver = true
        resolve()
        this.#wake()
      })
    })
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** The next line. */
  async next(timeoutMs = 60_000): Promise<Told> {
    const told = new Promise<void>((resolve) => {
      this.#wake = resolve
      if (this.#told.length > 0 || this.#isOver) resolve()
    })
    await within(timeoutMs, `line from ${this.#name}`, told)
    const first = this.#told.shift()
    if (first === undefined) throw this.#failure('ended early')
    return first
  }

  /** What was not read yet, once it has ended well. */
  async rest(timeoutMs = 90_000): Promise<Told[]> {
    await within(timeoutMs, `end of ${this.#name}`, this.#ended)
    if (this.#process.exitCode !== 0) throw this.#failure('failed')
    return this.#told.splice(0)
  }

  /** The line on stdin that it waits for. */
  goAhead(): void {
    this.#process.stdin.write('\n')
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    if (signal === 'SIGSTOP') stopProcess(this.#process.pid as number)
    else this.#process.kill(signal)
  }

  async kill(): Promise<void> {
    if (!this.#isOver) this.#process.kill('SIGKILL')
    await this.#ended
  }

  #failure(what: string): Error {
    const { exitCode, signalCode } = this.#process
    return new Error(`${this.#name} ${what} (${exitCode ?? signalCode}):\n${this.#errors}`)
  }
}
