/** Which sessions are connected to the servers, and when each was answered last: by `cons`, where servers answer it. */
import type { Endpoint } from '../../compare/upstream.ts'
import { answerTo } from '../four-letter-word.ts'

/** A server that answers later is taken for one that does not. Unit ms. */
const ANSWER_MS_MAX = 3_000

/** A session's connection as its server describes it. */
export interface Connection {
  readonly timeoutMs: number
  /** Since its newest request or ping, ms, by the server's own clock. */
  readonly silentMs: number
}

export interface Connections {
  readonly bySession: ReadonlyMap<bigint, Connection>
  /** Every server that was named has answered: a session that is not there is connected to none of them. */
  readonly isComplete: boolean
}

/** Over plain TCP: a port for TLS alone answers no words. */
export async function readConnections(servers: readonly Endpoint[]): Promise<Connections> {
  const answers = await Promise.all(
    servers.map((server) => answerTo(server, 'cons', ANSWER_MS_MAX)),
  )
  const bySession = new Map<bigint, Connection>()
  let isComplete = servers.length > 0
  for (const answer of answers) {
    // ZooKeeper 3.5 and later refuse the words that are not in their whitelist, in a sentence.
    if (answer === undefined || !/^\s*\//.test(answer)) isComplete = false
    else for (const [id, connection] of parseConnections(answer)) bySession.set(id, connection)
  }
  return { bySession, isComplete }
}

/** Lines of `cons`. The server's newest answer to anybody is its now: its clock may be another one than this one. */
export function parseConnections(text: string): Map<bigint, Connection> {
  const found = new Map<bigint, { timeoutMs: number; answeredMs: number }>()
  let nowMs = 0
  for (const line of text.split('\n')) {
    const { sid, to, lresp } = Object.fromEntries(
      [...line.matchAll(/\b(sid|to|lresp)=(0x[0-9a-f]+|\d+)/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    ) as Partial<Record<'sid' | 'to' | 'lresp', string>>
    if (sid === undefined || to === undefined || lresp === undefined) continue
    const answeredMs = Number(lresp)
    nowMs = Math.max(nowMs, answeredMs)
    found.set(BigInt.asIntN(64, BigInt(sid)), { timeoutMs: Number(to), answeredMs })
  }
  return new Map(
    [...found].map(([id, { timeoutMs, answeredMs }]) => [
      id,
      { timeoutMs, silentMs: nowMs - answeredMs },
    ]),
  )
}
