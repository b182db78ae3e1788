/** The verb status: what each server says of itself, or a member of a store. Neighbours: sessions, ../znode/server. */
import { EXIT } from '../znode/exit-codes.ts'
import { counted, shownCount, tableOf } from '../znode/layout.ts'
import { hex } from '../znode/output.ts'
import { printable } from '../znode/printable.ts'
import type { Server } from '../znode/server.ts'
import type { Run, Verb } from '../znode/verb.ts'

/** Of one server. */
interface Status {
  readonly server: string
  /** It serves clients. */
  readonly ok: boolean
  readonly version?: string
  readonly mode?: string
  readonly zxid?: string
  readonly znodes?: number
  readonly connections?: number
  readonly outstanding?: number
  /** min/avg/max, ms. */
  readonly latency?: string
  /** What is wrong, or not known. */
  readonly note?: string
}

const FIELDS = {
  version: /^Zookeeper version: ([^,\n]+)/m,
  mode: /^Mode: (.+)$/m,
  zxid: /^Zxid: (.+)$/m,
  latency: /^Latency min\/avg\/max: (.+)$/m,
} as const
const COUNTS = {
  znodes: /^Node count: (\d+)$/m,
  connections: /^Connections: (\d+)$/m,
  outstanding: /^Outstanding: (\d+)$/m,
} as const

async function statusOf(server: Server, signal: AbortSignal): Promise<Status> {
  const { name } = server
  let text: string | undefined
  try {
    text = await server.ask('srvr', signal)
  } catch (error) {
    signal.throwIfAborted()
    return { server: name, ok: false, note: (error as Error).message }
  }
  if (text === undefined) {
    return {
      server: name,
      ok: true,
      note: 'it does not allow the word srvr, so nothing is known of it',
    }
  }
  const found = (pattern: RegExp): string | undefined => pattern.exec(text)?.[1]
  if (found(FIELDS.mode) === undefined) {
    return { server: name, ok: false, note: text.trim().split('\n')[0] || 'it sent no status' }
  }
  const fields = Object.entries(FIELDS).map(([key, pattern]) => [key, found(pattern)])
  const counts = Object.entries(COUNTS).map(([key, pattern]) => [key, Number(found(pattern))])
  return { server: name, ok: true, ...Object.fromEntries([...fields, ...counts]) }
}

function memberStatus({ target }: Run): Status {
  const { keeper, shown } = target
  if (keeper === undefined) throw new TypeError('neither servers nor a member')
  const { replica, registry, isServing } = keeper
  const others = Math.max(0, registry.peers.size - 1)
  return {
    server: shown,
    ok: isServing,
    mode: `member beside ${others} ${others === 1 ? 'other' : 'others'}`,
    zxid: hex(replica.zxid),
    znodes: replica.tree.nodeCount,
    note: counted(replica.sessions.size, 'session'),
  }
}

const COLUMNS = [
  { title: 'SERVER' },
  { title: 'OK' },
  { title: 'VERSION' },
  { title: 'MODE' },
  { title: 'ZXID' },
  { title: 'ZNODES', side: 'right' },
  { title: 'CONNECTIONS', side: 'right' },
  { title: 'LATENCY' },
  { title: 'NOTE' },
] as const

const number = (count: number | undefined): string =>
  count === undefined ? '-' : shownCount(count)

const rowOf = (one: Status): string[] =>
  [
    one.server,
    one.ok ? 'yes' : 'no',
    one.version ?? '-',
    one.mode ?? '-',
    one.zxid ?? '-',
    number(one.znodes),
    number(one.connections),
    one.latency ?? '-',
    one.note ?? '',
  ].map(printable)

export const status: Verb = {
  name: 'status',
  summary: 'show what each server says of itself',
  description:
    'Show what each server of the connect string says of itself: version, mode, zxid, and how much it holds. Fails with 5 ' +
    'when one of them does not serve.',
  examples: ['', '--server zk1:2181,zk2:2181,zk3:2181', '--json'],
  isSessionless: true,
  async run(run) {
    const { target, output, signal } = run
    const all =
      target.servers === undefined
        ? [memberStatus(run)]
        : await Promise.all(target.servers.map((one) => statusOf(one, signal)))
    if (output.isJson) for (const one of all) await output.json(one)
    else await output.lines(tableOf(COLUMNS, all.map(rowOf)))
    return all.every(({ ok }) => ok) ? undefined : EXIT.noServer
  },
}
