/** The shell without a terminal: lines of stdin, one after the other. Neighbours: interpreter, prompt. */
import { createInterface } from 'node:readline'
import type { Output } from '../znode/output.ts'
import type { Interpreter } from './interpreter.ts'

export interface ScriptOptions {
  /** After a line that failed the next one follows. */
  readonly isKeptGoing: boolean
  readonly output: Output
  readonly signal: AbortSignal
}

/** Resolves with the exit code of the first line that failed, or 0. */
export async function runScript(
  interpreter: Interpreter,
  { isKeptGoing, output, signal }: ScriptOptions,
): Promise<number> {
  const lines: string[] = []
  interpreter.history = () => lines
  let failed = 0
  let number = 0
  const rl = createInterface({
    input: process.stdin,
    terminal: false,
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  const stop = (): void => {
    interpreter.interrupt()
    // It may be waiting for a line.
    rl.close()
  }
  signal.addEventListener('abort', stop)
  try {
    for await (const line of rl) {
      if (signal.aborted) break
      number++
      const { exitCode, quit } = await interpreter.run(line)
      lines.push(line)
      if (exitCode !== 0 && failed === 0) failed = exitCode
      if (quit === true || signal.aborted) break
      if (exitCode === 0 || isKeptGoing) continue
      output.say(`line ${number} failed, and the rest was not run`)
      break
    }
  } finally {
    signal.removeEventListener('abort', stop)
    rl.close()
    // What still comes is not read, and must not keep the process alive.
    process.stdin.destroy()
  }
  return failed
}
