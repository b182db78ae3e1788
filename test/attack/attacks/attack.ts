/** What an attack is, and what all of them use. Neighbours: one file a kind of attack, list. */
import { RawClient } from '../../support/raw-client.ts'
import type { Sizes } from './sizes.ts'

export interface Bed {
  readonly port: number
  readonly sizes: Sizes
  /** What came before prepared the attack, and does not count: what the bystander saw is forgotten. */
  begin(): Promise<void>
}

export interface Attack {
  /** Says how much of it there is. */
  readonly name: string
  /** What of it a server does not answer unless its operator has said so. */
  readonly off?: string
  /** What it leaves on the server is what the next one begins with. */
  readonly keepsServer?: true
  /** @returns what became of it, in a few words */
  run(bed: Bed): Promise<string>
}

export type Kind = (sizes: Sizes) => Attack

interface Answer {
  readonly err: number
}

export const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]

/** `12345` as `12,345`. */
export const n = (value: number): string => value.toLocaleString('en')

export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))

export const attacker = (port: number, timeoutMs = 30_000): Promise<RawClient> =>
  RawClient.connect({ port, timeoutMs })

/** What came of requests: how many were answered 0, with an error, or not at all. */
export async function outcome(sent: readonly Promise<Answer>[]): Promise<string> {
  return counted(await Promise.allSettled(sent))
}

function counted(results: readonly PromiseSettledResult<Answer>[]): string {
  const counts = new Map<string, number>()
  for (const result of results) {
    const key = result.status === 'rejected' ? 'closed' : String(result.value.err)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([key, count]) => `${n(count)} × ${key}`).join(', ')
}

/** In portions, so that the attacker does not run out of memory itself. */
export async function many(
  count: number,
  send: (i: number) => Promise<Answer>,
  portion = 2_000,
): Promise<string> {
  const results: PromiseSettledResult<Answer>[] = []
  for (let from = 0; from < count; from += portion) {
    const length = Math.min(portion, count - from)
    const portionResults = await Promise.allSettled(times(length, (i) => send(from + i)))
    for (const result of portionResults) {
      results.push(result.status === 'rejected' ? result : { ...result, value: onlyErr(result) })
    }
  }
  return counted(results)
}

const onlyErr = ({ value }: PromiseFulfilledResult<Answer>): Answer => ({ err: value.err })

/** A client, and a znode of its own to write below. */
export async function withParent(port: number, path: string): Promise<RawClient> {
  const client = await attacker(port)
  await client.create(path, { acl: OPEN })
  return client
}
