/** Writes of every kind that ZooKeeper logs, and what its clients read of them: for captures, and for moves of a live one. */
import { expect } from 'chai'
import { RawClient, type RawReply } from '../support/raw-client.ts'
import { OPEN_ACL, type RawAcl } from '../support/raw-codec.ts'
import type { ZookeeperLine } from '../support/requirements.ts'
import type { ZookeeperServer } from '../support/zookeeper-server.ts'
import { SUPER } from './planted-tree.ts'

/** System properties of a server that takes them all. */
export const WRITTEN_PROPERTIES = {
  'zookeeper.DigestAuthenticationProvider.superDigest': SUPER.digest,
  'znode.container.checkIntervalMs': '200',
}

const SEQUENTIAL = 2
const EPHEMERAL = 1
const EPHEMERAL_SEQUENTIAL = 3
const WITH_TTL = 5
const NODE_EXISTS = -110
const BAD_VERSION = -103

const ACLS: readonly (readonly RawAcl[])[] = [
  [{ perms: 1, scheme: 'world', id: 'anyone' }],
  [{ perms: 31, scheme: 'digest', id: 'bob:xa8CYSDUPrXsrXPfmDNGJCzQrBU=' }],
  [
    { perms: 31, scheme: 'ip', id: '127.0.0.1' },
    { perms: 1, scheme: 'world', id: 'anyone' },
  ],
]

/** Sessions that are left alone, and the numbers that the next sequential znodes get. */
export interface Written {
  /** Owns `/owned/by-…`; stays. */
  readonly owner: RawClient
  /** Parent → number. */
  readonly next: ReadonlyMap<string, number>
}

/** Before 3.5 there were no containers, TTLs or create2. */
export function hasKinds(line: ZookeeperLine): boolean {
  return line !== '3.4'
}

export async function writeEverything(port: number, line: ZookeeperLine): Promise<Written> {
  const owner = await RawClient.connect({ port, timeoutMs: 30_000 })
  await owner.auth('digest', 'bob:secret')
  for (const path of ['/plain', '/owned', '/acl', '/seq', '/gone', '/ü', '/multi']) {
    await ok(owner.create(path, { data: `of ${path}` }))
  }
  await ok(owner.create('/plain/null', { data: null }))
  await ok(owner.create('/plain/empty', { data: '' }))
  await ok(owner.create('/plain/bytes', { data: Buffer.from([0, 255, 128, 66, 0, 66]) }))
  await ok(owner.create('/plain/long', { data: Buffer.alloc(3_000, 'long ') }))
  await ok(owner.create('/ü/日本', { data: '日本語' }))
  await ok(owner.setData('/', 'of the root'))
  for (let i = 0; i < 5; i++) await ok(owner.setData('/plain', `version ${i}`))
  for (const [i, acl] of ACLS.entries()) {
    await ok(owner.create(`/acl/made-${i}`, { acl }))
    await ok(owner.create(`/acl/set-${i}`))
    await ok(owner.setAcl(`/acl/set-${i}`, acl))
  }
  await ok(owner.create('/gone/child'))
  await ok(owner.delete('/gone/child'))
  for (let i = 0; i < 4; i++) await ok(owner.create('/seq/s-', { flags: SEQUENTIAL }))
  await ok(owner.delete('/seq/s-0000000003'))
  await writeFailures(owner)
  if (hasKinds(line)) await writeKinds(owner)
  await ok(owner.create('/owned/by-owner', { flags: EPHEMERAL, data: 'mine' }))
  await ok(owner.create('/owned/by-owner-', { flags: EPHEMERAL_SEQUENTIAL }))
  const short = await RawClient.connect({ port, timeoutMs: 20_000 })
  await ok(short.create('/owned/by-short', { flags: EPHEMERAL }))
  await ok(short.create('/owned/by-short-too', { flags: EPHEMERAL }))
  await short.close()
  await ok(owner.create('/zookeeper/quota/plain', { data: null }))
  await ok(owner.create('/zookeeper/quota/plain/zookeeper_limits', { data: 'count=100,bytes=-1' }))
  await ok(owner.create('/zookeeper/quota/plain/zookeeper_stats', { data: 'count=0,bytes=0' }))
  return { owner, next: new Map([['/seq', 4]]) }
}

async function writeFailures(client: RawClient): Promise<void> {
  expect((await client.create('/plain')).err).to.equal(NODE_EXISTS)
  const multi = await client.multi([
    { op: 1, path: '/multi/a', data: 'a', acl: OPEN_ACL },
    { op: 1, path: '/multi/b', data: 'b', acl: OPEN_ACL, flags: EPHEMERAL },
    { op: 5, path: '/multi/a', data: 'again' },
    { op: 13, path: '/plain', version: 5 },
    { op: 1, path: '/multi/c', data: null, acl: OPEN_ACL },
    { op: 2, path: '/multi/c' },
  ])
  expect(multi.err).to.equal(0)
  const failed = await client.multi([
    { op: 1, path: '/multi/never', data: '', acl: OPEN_ACL },
    { op: 5, path: '/plain', data: 'never', version: 99 },
  ])
  expect(failed.record.results?.at(-1)?.err).to.equal(BAD_VERSION)
}

async function writeKinds(client: RawClient): Promise<void> {
  await ok(client.create2('/plain/two', { data: 'create2' }))
  await ok(client.createContainer('/container', { data: 'c' }))
  await ok(client.create('/container/child'))
  await ok(client.createTtl('/ttl', 3_600_000, { flags: WITH_TTL, data: 't' }))
  await ok(client.createContainer('/emptied'))
  await ok(client.create('/emptied/child'))
  await ok(client.delete('/emptied/child'))
  // The server deletes it by itself.
  await client.exists('/emptied', true)
  await client.waitFor(() => client.events.some(({ path }) => path === '/emptied'))
}

/** Some more writes, for as long as `isWanted`; how many there were. */
export async function writeOn(
  port: number,
  isWanted: () => boolean,
  name = 'load',
): Promise<{ client: RawClient; writes: number }> {
  const client = await RawClient.connect({ port, timeoutMs: 30_000 })
  await ok(client.create(`/${name}`))
  let writes = 0
  while (isWanted()) {
    const window: Promise<RawReply>[] = []
    for (let i = 0; i < 40; i++, writes++) {
      const path = `/${name}/${writes % 300}`
      // Most fail, at times: a failed one takes a zxid too.
      if (writes % 5 === 0) window.push(client.delete(path))
      else if (writes % 5 < 3) {
        window.push(client.create(path, { data: `${writes}`, acl: ACLS[writes % 3]! }))
      } else if (writes % 5 === 3) window.push(client.setData(path, `${writes}`))
      else window.push(client.create(`/${name}/s-`, { flags: EPHEMERAL_SEQUENTIAL }))
      if (writes % 11 === 0)
        window.push(client.delete(`/${name}/s-${`${writes}`.padStart(10, '0')}`))
    }
    await Promise.all(window)
  }
  return { client, writes }
}

/** Newest zxid of the server. */
export async function zxidOf(server: ZookeeperServer): Promise<number> {
  const match = /^Zxid: 0x([0-9a-f]+)$/m.exec(await server.fourLetterWord('srvr'))
  return Number.parseInt(match![1]!, 16)
}

async function ok(reply: Promise<RawReply>): Promise<void> {
  expect((await reply).err).to.equal(0)
}
