/** Many commands of the built program in one process: see many.mjs. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { within } from '../support/eventually.ts'

export const manyProgram = fileURLToPath(new URL('./many.mjs', import.meta.url))

export interface Done {
  readonly args: readonly string[]
  readonly out: string
  readonly err: string
  readonly code: number
}

/** Their results, in order. `before`: words of a shell that come first, such as `cd /tmp;`. */
export async function many(lines: readonly (readonly string[])[], before = ''): Promise<Done[]> {
  const line = `${before} exec ${process.execPath} ${manyProgram}`
  const child = spawn('bash', ['-c', line], { stdio: ['pipe', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.stdin.end(JSON.stringify(lines))
  try {
    await within('the commands', 60_000, closed)
  } finally {
    child.kill('SIGKILL')
  }
  return JSON.parse(Buffer.concat(chunks).toString())
}
