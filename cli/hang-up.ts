/** SIGHUP has two meanings: an operator wants a reload, or the terminal of this process was closed. */
import { closeSync, openSync } from 'node:fs'

const hadTerminal = process.stdin.isTTY || process.stdout.isTTY

/** The terminal that this process was started on is gone: nobody would see or end it. */
export function isTerminalGone(): boolean {
  if (!hadTerminal) return false
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return false
  } catch {
    return true
  }
}
