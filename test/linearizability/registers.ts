/**
 * A history of registers as the checker of this folder reads it: values with versions, written, compared
 * and set, and read. It comes from a simulation or from real clients alike.
 */
import { spawnSync } from 'node:child_process'
import { porcupineProgram } from '../support/requirements.ts'

export interface RegisterOp {
  readonly client: number
  readonly key: string
  /** init: how the register is at first. cas: written only if its version is `expected`. */
  readonly op: 'init' | 'read' | 'write' | 'cas'
  readonly value: string
  readonly expected?: number
  /** What was told: after a write, or of what was read. */
  readonly version?: number
  /** Of a known outcome: it was done. */
  readonly ok: boolean
  /** Whole numbers of any unit. */
  readonly call: number
  /** undefined: the outcome is unknown. */
  readonly return?: number
}

export interface Verdict {
  readonly isLinearizable: boolean
  /** What the checker said. */
  readonly output: string
}

export function checkRegisters(ops: readonly RegisterOp[]): Verdict {
  const input = ops.map((op) => `${JSON.stringify(op)}\n`).join('')
  const { status, stdout, stderr, error } = spawnSync(porcupineProgram(), { input })
  if (error !== undefined) throw error
  if (status !== 0 && status !== 1) throw new Error(`porcupine ended with ${status}: ${stderr}`)
  return { isLinearizable: status === 0, output: stdout.toString() }
}
