/** One line of the consumer's file for each change, and the same of a journal entry: what the two must agree on. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Change } from '../../lib/index.ts'

/** An operation in a word, its path, and what it leads to. */
export type Said = string

export interface Line {
  readonly zxid: number
  /** Of everything the transaction says. */
  readonly hash: number
}

/** FNV-1a, 32 bits. */
export function hashOf(zxid: number, time: number, session: bigint, said: readonly Said[]): number {
  const text = `${zxid} ${time} ${session} ${said.join('|')}`
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

const textOf = (data: Uint8Array | null | undefined): string =>
  data == null ? '-' : Buffer.from(data).toString('latin1')

/** zxid, hash, position; the position is where a feed resumes behind it. */
export function lineOf({ zxid, time, session, ops, position }: Change): string {
  const said = ops.map((op): Said => {
    switch (op.op) {
      case 'create':
        return `create ${op.path} ${textOf(op.data)} ${op.parentCreates}`
      case 'delete':
        return `delete ${op.path}`
      case 'setData':
        return `set ${op.path} ${textOf(op.data)} ${op.version}`
      default:
        return op.op
    }
  })
  return `${zxid} ${hashOf(zxid, time, session, said)} ${position}\n`
}

/** No line is longer. Unit: bytes. */
const LINE_BYTES_MAX = 1_024

/** The last whole line of a file of them, and where it ends. */
export function lastLine(path: string): { readonly line: string; readonly end: number } {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const start = Math.max(0, size - 2 * LINE_BYTES_MAX)
    const bytes = Buffer.alloc(size - start)
    const text = bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, start))
    const whole = text.lastIndexOf('\n') + 1
    const line = text.slice(text.lastIndexOf('\n', whole - 2) + 1, Math.max(0, whole - 1))
    return { line, end: start + whole }
  } finally {
    closeSync(file)
  }
}
