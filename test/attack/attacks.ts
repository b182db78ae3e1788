/**
 * What one client without any rights can do to all others. Each is bounded, and each stands for a kind. What the
 * attacker itself gets is told, but not judged: an answer, an error or a closed connection. Neighbour: attack-run.
 */
import { RawClient } from '../support/raw-client.ts'
import type { RawMultiOp } from '../support/raw-codec.ts'

export interface Attack {
  readonly name: string
  /** Says what became of it, in a few words. */
  run(port: number): Promise<string>
}

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const CREATE = 1 as const
const GET_DATA = 4 as const

const attacker = (port: number, timeoutMs = 30_000) => RawClient.connect({ port, timeoutMs })

/** What came of requests: how many were answered 0, with an error, or not at all. */
async function outcome(sent: readonly Promise<{ err: number }>[]): Promise<string> {
  const counts = new Map<string, number>()
  for (const result of await Promise.allSettled(sent)) {
    const key = result.status === 'rejected' ? 'closed' : String(result.value.err)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return [...counts].map(([key, count]) => `${count} × ${key}`).join(', ')
}

/** In portions, so that the attacker does not run out of memory itself. */
async function many(
  count: number,
  send: (i: number) => Promise<{ err: number }>,
  portion = 2_000,
): Promise<void> {
  for (let from = 0; from < count; from += portion) {
    const length = Math.min(portion, count - from)
    await Promise.allSettled(Array.from({ length }, (_, i) => send(from + i)))
  }
}

/** Under a parent of its own. */
async function withParent(port: number, path: string): Promise<RawClient> {
  const client = await attacker(port)
  await client.create(path, { acl: OPEN })
  return client
}

async function longPath(port: number): Promise<string> {
  const client = await attacker(port)
  const lengths = [65_519, 65_520, 65_521, 65_522, 70_000, 500_000, 1_040_000]
  return outcome(lengths.map((length) => client.create(`/${'p'.repeat(length - 1)}`)))
}

async function deepPath(port: number): Promise<string> {
  const client = await attacker(port)
  let path = ''
  const sent: Promise<{ err: number }>[] = []
  for (let depth = 0; depth < 4_000; depth++) {
    path += '/d'
    sent.push(client.create(path))
  }
  sent.push(client.create('/zookeeper/quota/d'))
  sent.push(client.create('/zookeeper/quota/d/zookeeper_limits', { data: 'count=1,bytes=1' }))
  sent.push(client.create('/zookeeper/quota/d/zookeeper_stats'))
  sent.push(client.setData(path, 'x'))
  return outcome(sent)
}

async function manyLongPaths(port: number): Promise<string> {
  const client = await withParent(port, '/long')
  const name = (i: number) => `/long/${String(i).padStart(4, '0')}${'l'.repeat(5_000)}`
  return outcome(Array.from({ length: 300 }, (_, i) => client.create(name(i))))
}

async function manyEphemerals(port: number): Promise<string> {
  const client = await withParent(port, '/ephemerals')
  const path = (i: number) => `/ephemerals/${String(i).padStart(103, 'e')}`
  await many(16_000, (i) => client.create(path(i), { flags: 1 }))
  const closing = outcome([client.sendRecord(-11, new Uint8Array(0))])
  const other = await attacker(port)
  const closed = await closing
  const left = await other.getChildren('/ephemerals')
  return `closed: ${closed}, left: ${JSON.stringify(left.record).length > 40 ? 'some' : 'none'}`
}

async function overwrites(port: number): Promise<string> {
  const client = await withParent(port, '/overwritten')
  const data = Buffer.alloc(900_000, 'o')
  const sent: Promise<{ err: number }>[] = []
  for (let i = 0; i < 300; i++) sent.push(client.setData('/overwritten', data))
  return outcome(sent)
}

async function pipelines(port: number): Promise<string> {
  const data = Buffer.alloc(1_000_000, 'p')
  const clients = await Promise.all(Array.from({ length: 8 }, () => attacker(port)))
  const sent = clients.flatMap((client, i) => [
    client.create(`/pipeline${i}`),
    ...Array.from({ length: 60 }, () => client.setData(`/pipeline${i}`, data)),
  ])
  return outcome(sent)
}

async function identities(port: number): Promise<string> {
  const client = await attacker(port)
  const sent: Promise<{ err: number }>[] = []
  for (let i = 0; i < 900; i++) sent.push(client.auth('digest', `user${i}:password`))
  const acl = Array.from({ length: 20_000 }, (_, i) => ({ perms: 31, scheme: 'auth', id: `${i}` }))
  sent.push(client.create('/auths', { acl }))
  return outcome(sent)
}

async function authFlood(port: number): Promise<string> {
  const client = await attacker(port)
  return outcome(Array.from({ length: 60_000 }, (_, i) => client.auth('digest', `user${i}:x`)))
}

async function longIds(port: number): Promise<string> {
  const client = await attacker(port)
  const ids = [':'.repeat(200_000), `${':'.repeat(200_000)}x`, `a:b${':'.repeat(200_000)}c`]
  return outcome(
    ids.map((id, i) => client.create(`/id${i}`, { acl: [{ perms: 31, scheme: 'digest', id }] })),
  )
}

async function longAcl(port: number): Promise<string> {
  const client = await attacker(port)
  const acl = Array.from({ length: 15_000 }, (_, i) => ({
    perms: 31,
    scheme: 'ip',
    id: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
  }))
  acl.push({ perms: 31, scheme: 'ip', id: '127.0.0.1' })
  const sent = [client.create('/acl', { acl })]
  for (let i = 0; i < 500; i++) sent.push(client.getData('/acl'))
  return outcome(sent)
}

async function counting(port: number): Promise<string> {
  const client = await withParent(port, '/many')
  await many(100_000, (i) => client.create(`/many/${i}`))
  return outcome(Array.from({ length: 200 }, () => client.getAllChildrenNumber('/many')))
}

async function longLists(port: number): Promise<string> {
  const client = await attacker(port)
  return outcome(Array.from({ length: 50 }, () => client.getChildren2('/many')))
}

async function words(port: number): Promise<string> {
  const client = await attacker(port)
  await many(50_000, (i) => client.exists(`/watched/${i}`, true))
  const { fourLetterWord } = await import('../support/four-letter-word.ts')
  const asked = ['wchp', 'wchc', 'wchs', 'dump', 'cons', 'stat', 'mntr'].flatMap((word) =>
    Array.from({ length: 10 }, () =>
      fourLetterWord({ host: '127.0.0.1', port }, word).catch(() => ''),
    ),
  )
  const bytes = (await Promise.all(asked)).reduce((sum, { length }) => sum + length, 0)
  return `${Math.round(bytes / 1024)} KiB`
}

async function unreadReplies(port: number): Promise<string> {
  const writer = await attacker(port)
  await writer.create('/large', { data: Buffer.alloc(1_000_000, 'l') })
  const ops: RawMultiOp[] = Array.from({ length: 60 }, () => ({
    op: GET_DATA,
    path: '/large',
    watch: false,
  }))
  const clients = await Promise.all(Array.from({ length: 20 }, () => attacker(port)))
  for (const client of clients) {
    client.socket.pause()
    for (let i = 0; i < 4; i++) client.multiRead(ops).catch(() => {})
  }
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  const closed = clients.filter(({ socket }) => socket.destroyed).length
  for (const client of clients) client.destroy()
  return `${closed} of ${clients.length} seen closed`
}

/** Frames that never come to their end. */
async function halfFrames(port: number): Promise<string> {
  const clients = await Promise.all(
    Array.from({ length: 200 }, () => RawClient.connect({ port, handshake: false })),
  )
  const begin = Buffer.alloc(500_000)
  begin.writeInt32BE(1_000_000)
  for (const client of clients) client.sendBytes(begin)
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const closed = clients.filter((client) => client.closed).length
  for (const client of clients) client.destroy()
  return `${closed} of ${clients.length} closed`
}

async function largeMulti(port: number): Promise<string> {
  const client = await withParent(port, '/multi')
  const ops: RawMultiOp[] = Array.from({ length: 9_000 }, (_, i) => ({
    op: CREATE,
    path: `/multi/${i}`,
    data: '',
    acl: OPEN,
    flags: 0,
  }))
  return outcome([client.multi(ops), client.multi(ops)])
}

async function manyWatches(port: number): Promise<string> {
  const client = await attacker(port)
  const paths = Array.from({ length: 40_000 }, (_, i) => `/watched/again/${i}`)
  const sent = [1, 2, 3, 4].map(() =>
    client.setWatches({ relativeZxid: 0, data: [], exist: paths, child: [] }),
  )
  return outcome(sent)
}

export const ATTACKS: readonly Attack[] = [
  { name: 'a path beyond 65,521 bytes', run: longPath },
  { name: 'a path of 4,000 levels, and a quota on its top', run: deepPath },
  { name: '300 paths of 5,000 bytes', run: manyLongPaths },
  { name: '16,000 ephemerals of one session', run: manyEphemerals },
  { name: '900 KB overwritten 300 times', run: overwrites },
  { name: '8 connections pipeline 60 × 1 MB', run: pipelines },
  { name: '900 identities, 20,000 auth entries', run: identities },
  { name: '60,000 auth packets', run: authFlood },
  { name: 'ACL ids of 200,000 colons', run: longIds },
  { name: '500 reads under 15,001 ip entries', run: longAcl },
  { name: '200 × getAllChildrenNumber of 100,000', run: counting },
  { name: '50 lists of 100,000 children', run: longLists },
  { name: '70 four-letter words, 50,000 watches', run: words },
  { name: '20 clients read no multiRead of 60 MB', run: unreadReplies },
  { name: '200 half frames of 500 KB', run: halfFrames },
  { name: 'multi of 9,000 creates, twice', run: largeMulti },
  { name: 'setWatches of 40,000, four times', run: manyWatches },
]
