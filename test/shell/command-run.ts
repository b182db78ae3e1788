/** A command of the built program in a process of its own: what it writes can be awaited, and it is ended by its pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { within } from '../support/eventually.ts'

const built = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const DEADLINE_MS = 60_000

export interface Ended {
  /** As a shell shows it: of one that a signal ended, 128 and its number. */
  readonly code: number | null
  readonly out: string
  readonly bytes: Buffer
  readonly err: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: Record<string, string>
}

const living = new Set<CommandRun>()

/** SIGKILL to all that still run: for afterEach. */
export async function endCommands(): Promise<void> {
  await Promise.all([...living].map((run) => run.kill()))
}

export class CommandRun {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly #chunks: Buffer[] = []
  #err = ''
  #wake: () => void = () => {}
  /** What of the output has been waited for. */
  #seen = 0

  constructor(program: string, args: readonly string[], env: Record<string, string> = {}) {
    this.child = spawn(program, args, { env: { ...withoutSettings(), ...env } })
    living.add(this)
    this.child.stdout?.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#wake()
    })
    this.child.stderr?.on('data', (text) => {
      this.#err += text
      this.#wake()
    })
    // It may end before it has read everything.
    this.child.stdin?.on('error', () => {})
    this.ended = new Promise((resolve) => {
      this.child.once('close', (ownCode, signal) => {
        const code = signal === null ? ownCode : 128 + constants.signals[signal]
        living.delete(this)
        this.#wake()
        const bytes = Buffer.concat(this.#chunks)
        resolve({ code, bytes, out: bytes.toString(), err: this.#err })
      })
    })
  }

  get err(): string {
    return this.#err
  }

  get out(): string {
    return Buffer.concat(this.#chunks).toString()
  }

  write(text: string | Uint8Array): void {
    this.child.stdin?.write(text)
  }

  /** Both of its streams, in the order in which they are looked at; stdout from where the last match ended. */
  async until(pattern: RegExp): Promise<string> {
    const find = async (): Promise<string> => {
      for (;;) {
        const text = this.out.slice(this.#seen)
        const found = pattern.exec(text)
        if (found !== null) {
          this.#seen += found.index + found[0].length
          return text.slice(0, found.index + found[0].length)
        }
        if (pattern.test(this.#err)) return this.#err
        if (this.child.exitCode !== null) throw new Error(`it ended: ${this.out}${this.#err}`)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    return within(String(pattern), DEADLINE_MS, find(), () => `${this.out}${this.#err}`)
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.child.pid as number, name)
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }
}

/** Starts it, with an open stdin. */
export function start(args: readonly string[], { input, env }: RunOptions = {}): CommandRun {
  if (!existsSync(built)) throw new Error(`no ${built}: npm run build`)
  const run = new CommandRun(process.execPath, [built, ...args], env)
  if (input !== undefined) run.child.stdin?.end(input)
  return run
}

/** Until it ends. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return start(args, { input: '', ...options }).ended
}

/** At a terminal of 80 columns, made by script(1): the streams are one. */
export function startAtTerminal(
  args: readonly string[],
  env: Record<string, string> = {},
): CommandRun {
  const words = [process.execPath, built, ...args].map((word) => `'${word}'`).join(' ')
  const command = `stty cols 80 rows 24; exec ${words}`
  return new CommandRun('script', ['-qfec', command, '/dev/null'], { TERM: 'xterm', ...env })
}

/** The caller's own settings must not reach it. */
function withoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('ANYKEEPER_')),
  )
}
