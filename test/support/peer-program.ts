/** A program on somebody else's client library that does what it reads, a command a line, and writes what came of it. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export class PeerProgram {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #waiting = new Map<string, (result: string) => void>()
  readonly #ended: Promise<void>
  #errors = ''
  #reject: (error: Error) => void = () => {}
  readonly #failed: Promise<never>

  constructor(command: string, args: readonly string[]) {
    this.#process = spawn(command, args, { stdio: 'pipe' })
    this.#failed = new Promise((_resolve, reject) => {
      this.#reject = reject
    })
    this.#failed.catch(() => {})
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000)
    })
    this.#process.stdin.on('error', () => {})
    this.#process.on('error', (error) => this.#reject(error))
    createInterface(this.#process.stdout).on('line', (line) => {
      const [name, verb, ...result] = line.split(' ')
      this.#waiting.get(`${name} ${verb}`)?.(result.join(' '))
    })
    this.#ended = new Promise((resolve) => {
      this.#process.on('close', (code) => {
        this.#reject(new Error(`the program ended (${code}):\n${this.#errors}`))
        resolve()
      })
    })
  }

  /** `NAME VERB`. Resolves with what it writes behind them. @throws {Error} the program has ended */
  say(command: string): Promise<string> {
    const result = new Promise<string>((resolve) => {
      this.#waiting.set(command, resolve)
    })
    this.#process.stdin.write(`${command}\n`)
    return Promise.race([result, this.#failed])
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}
