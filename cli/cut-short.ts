/**
 * A command that copies and is ended by Ctrl-C, SIGTERM or SIGHUP: what it leaves is removed and said, and then the signal ends the
 * process as if nobody had waited for it. Neighbours: named-files, export, import, backup.
 */
import { writeSync } from 'node:fs'
import { SIGNALS } from './znode/interrupt.ts'
import { printableText } from './znode/printable.ts'

/** The one that was added last is called first. */
const actions: (() => void)[] = []

function onSignal(name: NodeJS.Signals): void {
  for (const one of SIGNALS) process.off(one, onSignal)
  for (const action of actions.splice(0).reverse()) {
    try {
      action()
    } catch (error) {
      sayNow(`error: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  process.kill(process.pid, name)
}

/** `action` is synchronous. Returns what forgets it; idempotent. */
export function whenCutShort(action: () => void): () => void {
  if (actions.length === 0) for (const name of SIGNALS) process.on(name, onSignal)
  // One that is added twice is called twice.
  const own = (): void => action()
  actions.push(own)
  return () => {
    const at = actions.indexOf(own)
    if (at >= 0) actions.splice(at, 1)
    if (actions.length === 0) for (const name of SIGNALS) process.off(name, onSignal)
  }
}

/** On stderr, before the process ends: a stream would wait for its reader. */
export function sayNow(text: string): void {
  try {
    writeSync(2, `${printableText(text)}\n`)
  } catch {
    // It is closed, or nobody reads it.
  }
}
