/** Each reason for which something of --tail may not be taken is found before the first transaction of it is written. */
import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import type { MetadataStore } from '../../../../lib/index.ts'
import { takeOver } from '../../../../lib/migrate/take-over.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import { narrowStore } from '../../../support/narrow-store.ts'
import { type Files, folderOf } from '../transfer/zookeeper/folders.ts'
import { mirrorBench } from './mirror-bench.ts'
import { commitsEntry, passingStore, type StoreTxn } from './passing-store.ts'
import { create, type ScriptedSource } from './scripted-source.ts'
import { logFiles } from './written-logs.ts'

const ANNA = 0x1000_0000_0001n
const BERT = 0x1000_0000_0002n
/** Addresses at which nothing listens. */
const servers = ['127.0.0.1:1']
const logger = silentLogger
const SIZES = { txnOpsMax: 128, txnBytesMax: 120_000, valueBytesMax: 50_000 }
/** Paths that every tree has. */
const RESERVED_BYTES = '//zookeeper/zookeeper/quota/zookeeper/config'.length
const NOTHING = '; nothing was taken of them'
const ON =
  '; let the store take larger requests, or make it smaller, abandon the copy and follow again'

const bytes = (count: number): string => 'x'.repeat(count)
const acl = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    perms: 31,
    id: { scheme: 'digest', id: `user-${at}:${bytes(20)}` },
  }))

describe('migrate/tail: what is refused', () => {
  let bench: ReturnType<typeof mirrorBench>

  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  /** Ten transactions are followed; behind them the logs have /before, what `more` commits, and /after. */
  async function logsWith(more: (source: ScriptedSource) => void): Promise<Files> {
    const { source } = bench
    source.commit(ANNA, { op: 'createSession', timeoutMs: 10_000 })
    source.commit(ANNA, create('/old', { ephemeralOwner: ANNA }))
    source.commit(ANNA, create('/large', { data: bytes(30_000) }))
    const follower = bench.follow({ servers })
    await bench.caughtUp()
    await follower.stop()
    source.commit(ANNA, create('/before'))
    more(source)
    source.commit(ANNA, create('/after'))
    return logFiles(source.log)
  }

  const take = (files: Files, store: MetadataStore = bench.own) =>
    takeOver({ store, logger, tail: folderOf(files, { name: 'zk1' }) })

  /** By that store; the tree and the record of the migration are as before. */
  async function refused(files: Files, store: MetadataStore, code: string, words: string) {
    const picture = async () => ({
      lines: await bench.lines(),
      received: (await bench.key.read())?.received,
    })
    const before = await picture()
    const error = await take(files, store).catch((reason: Error) => reason)
    expect(error).to.have.property('message', words)
    expect(error).to.have.property('code', code)
    expect(await picture()).to.deep.equal(before)
  }

  const LARGE: Readonly<Record<string, [(source: ScriptedSource) => void, string]>> = {
    'data of a create': [
      (source) => source.commit(ANNA, create('/big', { data: bytes(60_000) })),
      ': /big has 60000 bytes',
    ],
    'data of a change': [
      (source) =>
        source.commit(ANNA, { op: 'setData', path: '/large', data: bytes(60_000), version: 1 }),
      ': /large has 60000 bytes',
    ],
    'an ACL': [
      (source) => source.commit(ANNA, { op: 'setACL', path: '/old', acl: acl(1_500), version: 1 }),
      '',
    ],
    'an ACL that is too much with the data that is there': [
      (source) => source.commit(ANNA, { op: 'setACL', path: '/large', acl: acl(300), version: 1 }),
      '',
    ],
    'a multi of which each part is small': [
      (source) =>
        source.commit(
          ANNA,
          ...Array.from({ length: 6 }, (_, at) => create(`/m${at}`, { data: bytes(10_000) })),
        ),
      ': /m0 has 10000 bytes',
    ],
    'a path': [
      (source) => source.commit(ANNA, create(`/p${bytes(60_000)}`)),
      `: the path /p${bytes(98)}… has 60002 bytes`,
    ],
  }

  for (const [name, [more, what]] of Object.entries(LARGE)) {
    const sentence = (zxid: number) =>
      `zk1: the store does not take the transaction 0x${zxid.toString(16)}, it is too large${what}${ON}${NOTHING}`

    it(`a store that says that it does not take so much: ${name}`, async () => {
      const files = await logsWith(more)
      const zxid = bench.source.zxid - 1
      await refused(files, narrowStore(bench.own, SIZES), 'MIGRATE_TOO_LARGE', sentence(zxid))
      expect(await take(files)).to.include({ fromTail: 3 })
    })

    it(`a store that takes less than it says: ${name}`, async () => {
      const files = await logsWith(more)
      const zxid = bench.source.zxid - 1
      const narrow = narrowStore(bench.own, SIZES)
      const lying = { ...passingStore(bench.own), txn: narrow.txn.bind(narrow) }
      await refused(files, lying, 'MIGRATE_TOO_LARGE', sentence(zxid))
      expect(await take(files)).to.include({ fromTail: 3 })
    })
  }

  it('a path for which no store has a key', async () => {
    const path = `/p${bytes(1_200_000)}`
    const files = await logsWith((source) => source.commit(ANNA, create(path)))
    const zxid = `0x${(bench.source.zxid - 1).toString(16)}`
    const what = `: the path ${path.slice(0, 100)}… has 1200002 bytes`
    const words = `zk1: the store does not take the transaction ${zxid}, it is too large${what}${ON}${NOTHING}`
    await refused(files, bench.own, 'MIGRATE_TOO_LARGE', words)
  })

  it('an end of a session that names a znode with children', async () => {
    const files = await logsWith((source) => {
      source.hasDigests = false
      source.commit(ANNA, create('/parent'))
      source.commit(ANNA, create('/parent/child'))
      source.commit(BERT, { op: 'closeSession', paths: ['/parent'] })
    })
    const zxid = `0x${(bench.source.zxid - 1).toString(16)}`
    const words = `zk1: ${zxid} changes /parent in a way that does not fit the tree: the logs are not those of the ensemble that was followed, or one is missing${NOTHING}`
    await refused(files, bench.own, 'MIGRATE_TAIL', words)
  })

  it('a tree that is larger than all that the store takes', async () => {
    const files = await logsWith((source) => {
      for (let at = 0; at < 5; at++) source.commit(ANNA, create(`/n${at}`, { data: bytes(50_000) }))
    })
    const space = { usedBytes: 0, inUseBytes: 0, isFull: false, hasHistory: true, remedy: '' }
    const sized = (maxBytes: number | undefined): MetadataStore => ({
      ...passingStore(bench.own),
      space: async () => ({ ...space, maxBytes }),
    })
    const treeBytes = 280_000 + '/old/large/before/n0/n1/n2/n3/n4/after'.length + RESERVED_BYTES
    const words = (max: number) =>
      `zk1: with them the tree has ${treeBytes} bytes, and the store takes ${max} bytes of all that is in it: let it take more${NOTHING}`
    await refused(files, sized(100_000), 'MIGRATE_TOO_LARGE', words(100_000))
    await refused(files, sized(treeBytes - 1), 'MIGRATE_TOO_LARGE', words(treeBytes - 1))
    const unsaid = {
      ...passingStore(bench.own),
      space: () => Promise.reject(new Error('no right')),
    }
    expect(await take(files, unsaid)).to.include({ fromTail: 7 })
  })

  it('an epoch that cannot be taken over', async () => {
    const files = await logsWith((source) => {
      source.zxid = (2 ** 21 - 2) * 2 ** 32
    })
    const words =
      'the ensemble is in epoch 2097150, and the one of the take-over would be 2097406: only those below 2097152 (2²¹) can be kept'
    await refused(files, bench.own, 'MIGRATE_EPOCH', words)
  })

  it('logs that end before what a follower had received', async () => {
    const files = await logsWith(() => {})
    const { zxid } = bench.source
    await bench.key.update((record) => record && { ...record, received: zxid + 1 })
    const [received, end] = [zxid + 1, zxid].map((one) => `0x${one.toString(16)}`)
    const words = `zk1: ${received} was received, and the logs end with ${end}: name those of the server that wrote last${NOTHING}`
    await refused(files, bench.own, 'MIGRATE_TAIL', words)
  })

  it('where the store goes away in the middle, the sentence says that a part may be written', async () => {
    const files = await logsWith(() => {})
    const store = bench.handle()
    const ending: MetadataStore = {
      ...passingStore(store),
      txn: async (txn: StoreTxn) => {
        if (!commitsEntry(txn)) return store.txn(txn)
        await store.close()
        throw new StoreError('STORE_CLOSED', 'the store is closed')
      },
    }
    const error = await take(files, ending).catch((reason: Error) => reason)
    expect(error).to.have.property('code', 'MIGRATE_TIMEOUT')
    expect(error)
      .to.have.property('message')
      .that.matches(
        /^zk1: .*: nothing was taken over, and a part of the logs may be in the tree: run it again with the same --tail$/,
      )
    expect(await take(files)).to.include({ fromTail: 2 })
  })
})
