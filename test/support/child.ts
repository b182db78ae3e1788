/** A server as a child process: started, waited for, known to own its port, ended by its pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownsPort } from './port-owner.ts'
import { stopProcess } from './stop-process.ts'

const linesKept = 2000
const pollMs = 50
/** How long what it started itself may hold its output open once it is gone. Unit ms. */
const OUTPUT_MS_MAX = 10_000
const setpriv = '/usr/bin/setpriv'

export interface ChildOptions {
  /** What messages call it. */
  name: string
  command: string
  args: readonly string[]
  /** Added to this process's own; undefined removes a variable. */
  env?: Record<string, string | undefined>
  cwd?: string
}

export interface ChildExit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface WaitOptions {
  /** Unit ms. Default 90 000. */
  timeoutMs?: number
}

const living = new Set<Child>()

// Also after an uncaught error. Against SIGKILL of this process, see commandLine().
process.on('exit', () => {
  for (const child of living) child.signal('SIGKILL')
})

export function spawnChild(options: ChildOptions): Child {
  return new Child(options)
}

export class Child {
  readonly name: string
  /** It is gone, and what it wrote is in `output`: the pipes are read later than the end is told. */
  readonly exited: Promise<ChildExit>
  /** Everything that it wrote is in `output`. */
  readonly outputEnded: Promise<void>
  readonly #process: ChildProcess
  readonly #lines: string[] = []
  #exit: ChildExit | undefined
  /** Nothing comes any more. */
  #isOver = false
  #startError: Error | undefined

  constructor({ name, command, args, env, cwd }: ChildOptions) {
    this.name = name
    const [program, ...rest] = commandLine(command, args)
    this.#process = spawn(program!, rest, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    living.add(this)
    this.#collect(this.#process.stdout!)
    this.#collect(this.#process.stderr!)
    this.outputEnded = new Promise((resolve) => this.#process.once('close', () => resolve()))
    this.exited = new Promise((resolve) => {
      const end = (exit: ChildExit): void => {
        this.#exit ??= exit
        living.delete(this)
        const over = (): void => {
          clearTimeout(timer)
          this.#isOver = true
          resolve(exit)
        }
        const timer = setTimeout(over, OUTPUT_MS_MAX)
        void this.outputEnded.then(over)
      }
      this.#process.once('exit', (code, signal) => end({ code, signal }))
      this.#process.once('error', (error) => {
        this.#startError = error
        if (this.#process.pid === undefined) end({ code: null, signal: null })
      })
    })
  }

  get pid(): number {
    const { pid } = this.#process
    if (pid === undefined) throw new Error(`${this.name} did not start: ${this.#startError}`)
    return pid
  }

  get running(): boolean {
    return this.#exit === undefined
  }

  /** The newest lines of stdout and stderr together, at most 2000. */
  get output(): string {
    return this.#lines.join('\n')
  }

  /** Resolves with the first line, old or new, that matches; rejects when the child ends first. */
  async waitForLine(pattern: RegExp, options: WaitOptions = {}): Promise<RegExpExecArray> {
    let match: RegExpExecArray | null = null
    await this.waitUntil(
      `a line like ${pattern}`,
      () => {
        for (const line of this.#lines) {
          match = pattern.exec(line)
          if (match !== null) return true
        }
        return false
      },
      options,
    )
    return match!
  }

  /** Polls until `isReady` says true; what it throws counts as not yet. */
  async waitUntil(
    what: string,
    isReady: () => boolean | Promise<boolean>,
    { timeoutMs = 90_000 }: WaitOptions = {},
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs
    let lastError: unknown
    for (;;) {
      const isOver = this.#isOver
      try {
        if (await isReady()) return
      } catch (error) {
        lastError = error
      }
      if (isOver) throw this.#failure(`ended before ${what}`, lastError)
      if (performance.now() > deadline) {
        throw this.#failure(`no ${what} after ${timeoutMs} ms`, lastError)
      }
      await sleep(pollMs)
    }
  }

  /** Waits until this very child listens on the port: an answer from there alone proves nothing. */
  async waitForPort(port: number, options: WaitOptions = {}): Promise<void> {
    await this.waitUntil(`listening on port ${port}`, () => ownsPort(this.pid, port), options)
  }

  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process
    if (!this.running || pid === undefined) return
    if (signal === 'SIGSTOP') stopProcess(pid)
    else this.#process.kill(signal)
  }

  /** SIGKILL: no goodbye to anybody. Resolves when it is gone. */
  async kill(): Promise<ChildExit> {
    this.signal('SIGKILL')
    // It can be frozen by a test; SIGKILL reaches it all the same.
    return this.exited
  }

  /** SIGTERM, then SIGKILL after `graceMs` (default 10 000). Resolves when it is gone. */
  async stop({ graceMs = 10_000 }: { graceMs?: number } = {}): Promise<ChildExit> {
    this.signal('SIGCONT')
    this.signal('SIGTERM')
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs)
    const exit = await this.exited
    clearTimeout(timer)
    return exit
  }

  #collect(stream: NodeJS.ReadableStream): void {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      this.#lines.push(...lines)
      this.#lines.splice(0, this.#lines.length - linesKept)
    })
    stream.on('end', () => {
      if (rest !== '') this.#lines.push(rest)
    })
  }

  #failure(what: string, cause: unknown): Error {
    const { code, signal } = this.#exit ?? {}
    const end = this.running ? '' : ` (exit ${code ?? signal ?? this.#startError})`
    const tail = this.#lines.slice(-40).join('\n')
    return new Error(`${this.name}: ${what}${end}\n${tail}`, { cause })
  }
}

/** Where the kernel can, it ends the child together with this process, however that ends. */
function commandLine(command: string, args: readonly string[]): string[] {
  try {
    accessSync(setpriv, constants.X_OK)
    return [setpriv, '--pdeathsig', 'KILL', command, ...args]
  } catch {
    return [command, ...args]
  }
}
