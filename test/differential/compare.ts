/** Runs a script on oracle and candidate at once, and says where their transcripts part. */
import { isDeepStrictEqual } from 'node:util'
import { type Canonical, canonical } from './canonical.ts'
import { alignWithOld } from './known.ts'
import { run } from './runner.ts'
import { type Script, showScript } from './script.ts'
import type { Subject } from './subjects.ts'

/** Servers stay up: each script gets a subtree that was never there before. */
let scripts = 0

export class Mismatch extends Error {}

/** @throws {Mismatch} with both transcripts. */
export async function compare(script: Script, oracle: Subject, candidate: Subject): Promise<void> {
  const parent = `/s${String(++scripts).padStart(6, '0')}`
  const [expected, actual] = await Promise.all(
    [oracle, candidate].map(async ({ ports, leavesOld, settled }) =>
      canonical(await run(script, { ports, parent, leavesOld, settled }), {
        eventZxids: oracle.line === '3.9',
      }),
    ),
  )
  if (oracle.line !== '3.9') alignWithOld(expected!, actual!)
  if (isDeepStrictEqual(expected, actual)) return
  throw new Mismatch(
    [
      `${candidate.name} differs from ${oracle.name}`,
      'Script:',
      showScript(script),
      ...differences(expected!, actual!, [oracle.name, candidate.name]),
    ].join('\n'),
  )
}

const CONTEXT_LINES = 3

/** Per session: what both said up to the first difference, and what each said from there. */
function differences(expected: Canonical, actual: Canonical, names: string[]): string[] {
  const out: string[] = []
  for (const session of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const ours = (actual[session] ?? []).map(show)
    const theirs = (expected[session] ?? []).map(show)
    const at = theirs.findIndex((line, index) => line !== ours[index])
    const first = at < 0 ? theirs.length : at
    if (first === theirs.length && first === ours.length) continue
    out.push(`Session ${session}, both:`)
    out.push(...theirs.slice(Math.max(0, first - CONTEXT_LINES), first).map((l) => `    ${l}`))
    for (const [index, lines] of [theirs, ours].entries()) {
      out.push(`  ${names[index]}:`)
      out.push(...lines.slice(first, first + CONTEXT_LINES).map((l) => `    ${l}`))
    }
  }
  return out
}

const show = (line: unknown): string =>
  JSON.stringify(line, (_, value) => (typeof value === 'bigint' ? `${value}` : value))
