/** A tree with everything that can be in one, made through the wire by a client of each kind. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { RawClient, type RawReply } from '../support/raw-client.ts'
import { OPEN_ACL, type RawAcl } from '../support/raw-codec.ts'

export interface PlantOptions {
  readonly port: number
  /** How many there are to be in all, or a few more. */
  readonly znodes: number
  /** Of the session that is taken up again after a move. Unit: ms. */
  readonly longTimeoutMs: number
  /** Of the one that nobody takes up. */
  readonly shortTimeoutMs: number
  /** Runs while the tree is written to. */
  readonly meanwhile?: () => Promise<void>
}

export interface PlantedTree {
  /** Owns /owned/long; the largest zxid it has seen is known. */
  readonly long: RawClient
  readonly lastZxid: number
  /** Owns /owned/short. */
  readonly short: RawClient
  /** A client without ephemerals. */
  readonly idle: RawClient
  /** Parents of sequential znodes → the number that the next one gets. */
  readonly next: ReadonlyMap<string, number>
  /** Their pings end, and their connections; the sessions are left alone. */
  leave(): void
}

export const SUPER = { digest: 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=', auth: 'super:test' }
const EPHEMERAL = 1
const SEQUENTIAL = 2
const EPHEMERAL_SEQUENTIAL = 3
const WITH_TTL = 5
const SEQUENTIAL_WITH_TTL = 6
/** Requests on their way at once. */
const WINDOW = 500

const world = (perms: number): RawAcl => ({ perms, scheme: 'world', id: 'anyone' })
const ACLS: readonly (readonly RawAcl[])[] = [
  OPEN_ACL,
  [world(1)],
  [{ perms: 31, scheme: 'digest', id: 'bob:xa8CYSDUPrXsrXPfmDNGJCzQrBU=' }, world(1)],
  [{ perms: 31, scheme: 'ip', id: '127.0.0.1' }],
  [{ perms: 3, scheme: 'ip', id: '10.0.0.0/8' }, world(31)],
  [{ perms: 31, scheme: 'sasl', id: 'kafka' }, world(5)],
]
const DATA: readonly (Buffer | null)[] = [
  Buffer.from('plain text'),
  null,
  Buffer.alloc(0),
  Buffer.from('zwei\nZeilen, "quoted" und \\ 日本語\ttab \u2028'),
  Buffer.from([0, 255, 128, 10, 13, 34, 92, 0xc3, 0x28]),
  Buffer.from(JSON.stringify({ version: 1, brokers: [1, 2, 3] })),
  Buffer.from('\ufeffwith a mark, and a \0'),
]

/** A proxy that takes every kind of ACL, and shows everything to the super user. */
export function servePlanted(store: string, folder: string): Promise<AnykeeperProcess> {
  const users = join(folder, 'users')
  writeFileSync(users, 'kafka=secret\n')
  return startAnykeeper({
    ...{ store, tickTimeMs: 500, maxSessionTimeoutMs: 30_000, superDigest: SUPER.digest },
    args: ['--log-level', 'warn', '--sasl-users', users],
  })
}

export async function plantTree(options: PlantOptions): Promise<PlantedTree> {
  const { port, znodes, longTimeoutMs, shortTimeoutMs } = options
  const long = await RawClient.connect({ port, timeoutMs: longTimeoutMs })
  const short = await RawClient.connect({ port, timeoutMs: shortTimeoutMs })
  const idle = await RawClient.connect({ port, timeoutMs: longTimeoutMs })
  const alive = setInterval(() => {
    for (const client of [long, short, idle]) client.ping()
  }, 500)
  const leave = (): void => {
    clearInterval(alive)
    for (const client of [long, short, idle]) client.destroy()
  }
  try {
    const planter = new Planter(long)
    await long.auth('digest', 'bob:secret')
    await planter.plantKinds(short)
    // One in 25 is deleted again.
    const many = Math.max(0, Math.ceil((znodes - 150) * 1.043))
    await Promise.all([planter.plantMany(many), options.meanwhile?.()])
    const next = await planter.plantSequences()
    const { zxid } = await long.sync('/')
    return { long, lastZxid: zxid, short, idle, next, leave }
  } catch (error) {
    leave()
    throw error
  }
}

class Planter {
  readonly #client: RawClient
  #waiting: Promise<RawReply>[] = []

  constructor(client: RawClient) {
    this.#client = client
  }

  async plantKinds(short: RawClient): Promise<void> {
    const client = this.#client
    for (const path of ['/kinds', '/owned', '/acl', '/deep', '/gone']) await ok(client.create(path))
    await ok(client.setData('/', 'data of the root'))
    await ok(client.createContainer('/kinds/container', { data: 'c' }))
    await ok(client.create('/kinds/container/child'))
    await ok(client.createTtl('/kinds/ttl', 3_600_000, { data: 't', flags: WITH_TTL }))
    await ok(client.createTtl('/kinds/ttl-', 2 ** 40 - 1, { flags: SEQUENTIAL_WITH_TTL }))
    await ok(client.create('/kinds/megabyte', { data: Buffer.alloc(1_000_000, 'anykeeper ') }))
    await ok(client.create('/kinds/binary', { data: Buffer.alloc(500_000, 0xfe) }))
    for (const [i, acl] of ACLS.entries()) {
      await ok(client.create(`/acl/made-${i}`, { acl, data: `${i}` }))
      await ok(client.create(`/acl/set-${i}`))
      if (i % 2 === 0) await ok(client.setAcl(`/acl/set-${i}`, OPEN_ACL))
      await ok(client.setAcl(`/acl/set-${i}`, acl))
    }
    await ok(client.create('/acl/auth', { acl: [{ perms: 31, scheme: 'auth', id: '' }] }))
    for (const name of ['ü', '日本', 'a b', '~', '!', 'a', 'a-b', 'aa', '‰', 'ﬀ']) {
      await ok(client.create(`/deep/${name}`))
      await ok(client.create(`/deep/${name}/${name}`, { data: name }))
    }
    let path = '/deep'
    for (let depth = 0; depth < 40; depth++) {
      path += `/d${depth}`
      await ok(client.create(path))
    }
    await ok(client.create('/gone/child'))
    await ok(client.delete('/gone/child'))
    await ok(client.delete('/gone'))
    for (const [owner, name] of [
      [client, 'long'],
      [short, 'short'],
    ] as const) {
      await ok(owner.create(`/owned/${name}`, { data: name, flags: EPHEMERAL }))
      for (let i = 0; i < 5; i++) {
        await ok(owner.create(`/owned/${name}-`, { flags: EPHEMERAL_SEQUENTIAL }))
      }
    }
    // A failed write takes a zxid of its own.
    expect((await client.create('/kinds')).err).to.equal(-110)
  }

  async plantMany(count: number): Promise<void> {
    const client = this.#client
    await ok(client.create('/many'))
    await ok(client.create('/zookeeper/quota/many'))
    await ok(client.create('/zookeeper/quota/many/zookeeper_limits', { data: 'count=9,bytes=-1' }))
    await ok(client.create('/zookeeper/quota/many/zookeeper_stats', { data: 'count=0,bytes=0' }))
    for (let i = 0; i < count; i++) {
      const folder = `/many/f${i % 97}`
      if (i < 97) await this.#send(client.create(folder, { data: null }))
      const path = `${folder}/n${i}`
      const data = DATA[i % DATA.length]!
      if (i % 31 === 5) {
        await this.#send(
          client.multi([
            { op: 1, path, data, acl: OPEN_ACL },
            { op: 5, path, data: 'again' },
          ]),
        )
      } else if (i % 13 === 4) {
        await this.#send(client.create(path, { data, acl: ACLS[i % ACLS.length]! }))
      } else if (i % 11 === 2) {
        await this.#send(client.createTtl(path, 60_000_000 + i, { data, flags: WITH_TTL }))
      } else if (i % 17 === 3) await this.#send(client.createContainer(path, { data }))
      else {
        await this.#send(client.create(path, { data }))
        if (i % 7 === 6) await this.#send(client.setData(path, `${i}`))
        if (i % 19 === 18) await this.#send(client.delete(path))
      }
    }
    await this.#settle()
  }

  /** Several parents; of some the highest child is gone again, so that only the counter knows. */
  async plantSequences(): Promise<Map<string, number>> {
    const client = this.#client
    const next = new Map<string, number>()
    await ok(client.create('/sequences'))
    for (let i = 0; i < 5; i++) {
      const parent = `/sequences/p${i}`
      await ok(client.create(parent))
      for (let n = 0; n < 4 + i; n++) {
        await ok(client.create(`${parent}/s-`, { flags: SEQUENTIAL, data: `${n}` }))
      }
      if (i % 2 === 0) await ok(client.delete(`${parent}/s-${`${3 + i}`.padStart(10, '0')}`))
      next.set(parent, 4 + i)
    }
    await ok(client.create('/sequences/emptied'))
    await ok(client.create('/sequences/emptied/x'))
    await ok(client.delete('/sequences/emptied/x'))
    next.set('/sequences/emptied', 1)
    return next
  }

  async #send(reply: Promise<RawReply>): Promise<void> {
    this.#waiting.push(reply)
    if (this.#waiting.length >= WINDOW) await this.#settle()
  }

  async #settle(): Promise<void> {
    for (const reply of this.#waiting.splice(0)) expect((await reply).err).to.equal(0)
  }
}

async function ok(reply: Promise<RawReply>): Promise<void> {
  expect((await reply).err).to.equal(0)
}
