/** The shell at a terminal: editing, history, completion. Neighbours: interpreter, history, script. */
import { createInterface, type Interface } from 'node:readline'
import { onAbort } from '../../lib/internal.ts'
import { printable } from '../znode/printable.ts'
import { History, historyFile } from './history.ts'
import type { Interpreter } from './interpreter.ts'

const HISTORY_MAX = 1_000

/** Until quit, Ctrl-D, or the signal. */
export async function runPrompt(interpreter: Interpreter, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const history = new History(historyFile(process.env))
  const rl = createInterface({
    input: process.stdin,
    output: process.stdout,
    terminal: true,
    history: history.lines.toReversed(),
    historySize: HISTORY_MAX,
    removeHistoryDuplicates: true,
    completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
      void interpreter.completion.complete(line).then(([hits, text]) => done(null, [hits, text]))
    },
  })
  // Passwords are no history, not even of this shell.
  rl.on('history', (lines: string[]) => {
    if (lines[0] !== undefined && !history.isKept(lines[0])) lines.shift()
  })
  interpreter.history = () => history.lines
  if (history.trouble !== undefined) interpreter.notify(history.trouble)
  const forget = onAbort(signal, () => rl.close())
  await new Prompt(rl, interpreter, history).ended
  forget()
}

class Prompt {
  readonly ended: Promise<void>
  readonly #rl: Interface
  readonly #interpreter: Interpreter
  readonly #history: History
  /** Lines that were typed while a command ran. */
  readonly #typed: string[] = []
  #isRunning = false
  #isClosed = false
  #end: () => void = () => {}

  constructor(rl: Interface, interpreter: Interpreter, history: History) {
    this.#rl = rl
    this.#interpreter = interpreter
    this.#history = history
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
    interpreter.notify = (text) => this.#above(text)
    rl.on('line', (line) => {
      this.#typed.push(line)
      void this.#runTyped()
    })
    rl.on('SIGINT', () => this.#interrupted())
    rl.on('close', () => {
      this.#isClosed = true
      // Ctrl-D while a command runs ends that, too.
      if (!interpreter.interrupt() && !this.#isRunning) this.#end()
    })
    this.#ready()
  }

  async #runTyped(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    for (let line = this.#typed.shift(); line !== undefined; line = this.#typed.shift()) {
      const before = this.#history.trouble
      this.#history.add(line)
      const { trouble } = this.#history
      if (trouble !== undefined && trouble !== before) this.#above(trouble)
      const { quit } = await this.#interpreter.run(line)
      if (quit === true) this.#rl.close()
      if (this.#isClosed) break
    }
    this.#isRunning = false
    if (this.#isClosed) this.#end()
    else this.#ready()
  }

  #ready(): void {
    this.#rl.setPrompt(this.#interpreter.prompt)
    this.#rl.prompt()
  }

  #interrupted(): void {
    if (this.#interpreter.interrupt()) return
    // What was typed is given up.
    process.stdout.write('^C\n')
    this.#rl.write(null, { ctrl: true, name: 'e' })
    this.#rl.write(null, { ctrl: true, name: 'u' })
    this.#ready()
  }

  /** A line that came by itself, above what is being typed. */
  #above(text: string): void {
    process.stdout.write(`\r\x1b[J${printable(text)}\n`)
    if (this.#isRunning || this.#isClosed) return
    this.#rl.setPrompt(this.#interpreter.prompt)
    this.#rl.prompt(true)
  }
}
