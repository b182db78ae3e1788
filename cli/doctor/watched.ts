/** The most watched paths, from the word wchp of each server. Neighbour: report. */
import type { Target } from '../znode/target.ts'
import type { Counted } from './survey.ts'
import { Top } from './top.ts'

export interface Watched {
  readonly paths: readonly Counted[]
  /** Of them nothing is known. */
  readonly silent: readonly string[]
}

const SESSION = /^\t0x[0-9a-f]+$/

/** A path a line, and below it, behind a tab, a session a line. */
export async function watched(
  { servers, shown }: Target,
  top: number,
  signal: AbortSignal,
): Promise<Watched> {
  if (servers === undefined) return { paths: [], silent: [shown] }
  const silent: string[] = []
  const counts = new Map<string, number>()
  for (const server of servers) {
    const text = await server.ask('wchp', signal).catch(() => undefined)
    signal.throwIfAborted()
    if (text === undefined) silent.push(server.name)
    let path = ''
    for (const line of text?.split('\n') ?? []) {
      if (!SESSION.test(line)) path = line
      else counts.set(path, (counts.get(path) ?? 0) + 1)
    }
  }
  const most = new Top<Counted>(top, ({ count }) => count)
  for (const [path, count] of counts) most.add({ path, count })
  return { paths: most.items, silent }
}
