/** `anykeeper doctor kafka` as operators run it, from the build. */
import { fileURLToPath } from 'node:url'
import type { KafkaReport } from '../../proxy/index.ts'
import { spawnChild } from './child.ts'

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface DoctorRun {
  readonly code: number | null
  /** Both streams. */
  readonly text: string
  /** `state`, and the codes of the findings in their order. */
  readonly words: string
}

/** With JSON, for the exact words, unless the flags ask for text. */
export async function runDoctor(url: string, ...flags: readonly string[]): Promise<DoctorRun> {
  const child = spawnChild({
    name: 'doctor',
    command: process.execPath,
    args: [program, 'doctor', 'kafka', url, '--timeout', '60000', ...flags],
  })
  const { code } = await child.exited
  await child.outputEnded
  const text = child.output
  return { code, text, words: flags.includes('--json') ? wordsOf(text) : '' }
}

function wordsOf(text: string): string {
  if (!text.startsWith('{')) return ''
  const { state, findings } = JSON.parse(text) as KafkaReport
  return [state, ...findings.map(({ kind, code }) => `${kind} ${code}`)].join(', ')
}
