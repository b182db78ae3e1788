/**
 * The verb sessions. On a store the member knows them all. Over the wire those that own ephemerals are found in the tree,
 * with any server; the word cons, where it is allowed, knows the connections, too. Neighbours: status, owners.
 */
import { Option } from 'commander'
import { shownCount, tableOf } from '../znode/layout.ts'
import { hex } from '../znode/output.ts'
import { printable } from '../znode/printable.ts'
import type { Run, Verb } from '../znode/verb.ts'
import { walkTree } from '../znode/walk-tree.ts'
import { isSession } from './owners.ts'

/** What is known of a session. */
interface Known {
  readonly ephemerals: string[]
  timeoutMs?: number
  client?: string
}

type Sessions = Map<bigint, Known>

function at(sessions: Sessions, id: bigint): Known {
  const unsigned = BigInt.asUintN(64, id)
  const known = sessions.get(unsigned) ?? { ephemerals: [] }
  sessions.set(unsigned, known)
  return known
}

function ofMember({ target }: Run, sessions: Sessions): void {
  const replica = target.keeper?.replica
  for (const { id, timeoutMs } of replica?.sessions.values() ?? [])
    at(sessions, id).timeoutMs = timeoutMs
  for (const [id, paths] of replica?.tree.ephemeralEntries() ?? [])
    at(sessions, id).ephemerals.push(...paths)
}

async function ofTree({ client, signal }: Run, sessions: Sessions): Promise<void> {
  for await (const { path, stat } of walkTree(client, '/')) {
    signal.throwIfAborted()
    if (stat !== undefined && isSession(stat.ephemeralOwner))
      at(sessions, stat.ephemeralOwner).ephemerals.push(path)
  }
}

/** ` /127.0.0.1:4711[1](queued=0,…,sid=0x1,…,to=30000,…)` */
const CONNECTION = /^\s*\/?(\S+?)\[\d+\]\(.*\bsid=0x([0-9a-f]+).*\bto=(\d+)/gm

/** @returns the servers that do not allow it, or did not answer */
async function ofConnections({ target, signal }: Run, sessions: Sessions): Promise<string[]> {
  const silent: string[] = []
  for (const server of target.servers ?? []) {
    const text = await server.ask('cons', signal).catch(() => undefined)
    signal.throwIfAborted()
    if (text === undefined) silent.push(server.name)
    for (const [, client, id, timeout] of text?.matchAll(CONNECTION) ?? []) {
      const known = at(sessions, BigInt(`0x${id}`))
      known.client = client as string
      known.timeoutMs = Number(timeout)
    }
  }
  return silent
}

const COLUMNS = [
  { title: 'SESSION' },
  { title: 'EPHEMERALS', side: 'right' },
  { title: 'TIMEOUT', side: 'right' },
  { title: 'CLIENT' },
] as const

export const sessions: Verb = {
  name: 'sessions',
  summary: 'list the sessions and how many ephemerals they own',
  description:
    'List the sessions and how many ephemerals they own, this one left out. Over the wire sessions without ephemerals are known ' +
    'only where the server allows the four-letter word cons.',
  options: [new Option('-p, --paths', 'the ephemerals, too')],
  examples: ['', '--paths', '--json'],
  async run(run, _args, flags) {
    const { target, output, client } = run
    const found: Sessions = new Map()
    if (target.keeper !== undefined) ofMember(run, found)
    else {
      await ofTree(run, found)
      const silent = await ofConnections(run, found)
      if (silent.length > 0) {
        output.say(
          `note: ${silent.join(', ')} did not answer the word cons: sessions without ephemerals are missing`,
        )
      }
    }
    found.delete(BigInt.asUintN(64, client.sessionId))
    const all = [...found].sort(
      ([idA, a], [idB, b]) => b.ephemerals.length - a.ephemerals.length || (idA < idB ? -1 : 1),
    )
    if (output.isJson) {
      for (const [id, { ephemerals, ...rest }] of all) {
        await output.json({
          session: id,
          ephemerals: ephemerals.length,
          ...rest,
          paths: ephemerals.toSorted(),
        })
      }
      return
    }
    const rows = all.flatMap(([id, known]) => {
      const { ephemerals, timeoutMs, client: address = '' } = known
      const timeout = timeoutMs === undefined ? '-' : `${timeoutMs} ms`
      const row = [hex(id), shownCount(ephemerals.length), timeout, printable(address)]
      if (flags.paths !== true) return [row]
      return [row, ...ephemerals.toSorted().map((path) => ['', '', '', printable(path)])]
    })
    await output.lines(tableOf(COLUMNS, rows))
  },
}
