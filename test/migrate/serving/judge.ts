/** What became of everything that the writers wrote, as one server says. Neighbour: writer. */
import { connect } from '../../../lib/index.ts'
import { eventually } from '../../support/eventually.ts'
import type { Writer } from './writer.ts'

export interface Judgement {
  readonly acked: number
  readonly unknown: number
  /** Acknowledged, and not there. */
  readonly missing: readonly string[]
  /** There twice, or written by nobody. */
  readonly twice: readonly string[]
}

export async function judge(writers: readonly Writer[], connectString: string): Promise<Judgement> {
  const client = await connect(`zk://${connectString}`, { timeoutMs: 8_000 })
  const missing: string[] = []
  const twice: string[] = []
  try {
    for (const { name, acked, unknown } of writers) {
      const found = new Map<string, string>()
      const { children } = await client.getChildren(`/w/${name}`)
      for (const child of children) {
        const path = `/w/${name}/${child}`
        const { data } = await client.getData(path)
        const token = Buffer.from(data ?? []).toString()
        if (found.has(token)) twice.push(`${token} at ${found.get(token)} and ${path}`)
        found.set(token, path)
      }
      for (const [path, token] of acked) if (found.get(token) !== path) missing.push(path)
      const known = new Set([...acked.values(), ...unknown])
      for (const token of found.keys()) if (!known.has(token)) twice.push(`${token} is nobody’s`)
    }
  } finally {
    await client.close()
  }
  return {
    ...{ missing, twice },
    acked: writers.reduce((total, { acked }) => total + acked.size, 0),
    unknown: writers.reduce((total, { unknown }) => total + unknown.length, 0),
  }
}

/** Each of them is acknowledged so many more. */
export async function more(
  writers: readonly Writer[],
  count: number,
  deadlineMs: number,
): Promise<void> {
  const goals = writers.map(({ acked }) => acked.size + count)
  await eventually(
    `${count} more of each writer`,
    () => writers.every(({ acked }, at) => acked.size >= goals[at]!),
    deadlineMs,
  )
}
