/**
 * What a newer version wrote, of each kind, in a real store: a start, an export and a repair say that this version is too
 * old for it, name the key and both formats, and change nothing.
 */
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import {
  connect,
  importTree,
  Keeper,
  type KeyValue,
  type MetadataStore,
  readTree,
  repairTree,
} from '../../lib/index.ts'
import { below, keyText } from '../support/damage.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

// Head has format 2 while a tree follows a ZooKeeper.
const NEWER = '"f":3'
const SESSION = '00000000000000aa'

/** Each kind of what is stored: one of its keys below the prefix, and what a newer version would have there. */
const KINDS: readonly [what: string, key: RegExp, newer: (value: Buffer) => Buffer][] = [
  ['head', /^head$/, json],
  ['the record of epochs', /^epochs$/, json],
  ['a znode', /^n\/a1\/a$/, json],
  ['a child record', /^c\/a1\/a$/, json],
  ['a session', /^s\//, json],
  ['a journal entry', /^j\//, (value) => Buffer.concat([Buffer.from([4]), value.subarray(1)])],
]

function json(value: Buffer): Buffer {
  return Buffer.from(value.toString('latin1').replace('"f":1', NEWER), 'latin1')
}

/** A tree that is half in the records and half in the journal. */
async function plant(store: MetadataStore, prefix: string): Promise<void> {
  const first = await Keeper.open({ store, prefix })
  const client = await connect(first)
  await client.create('/a', Buffer.from('data'))
  await client.create('/a/b')
  await client.close()
  await first.close()
  await put(store, `${prefix}/epochs`, Buffer.from('{"f":1,"cuts":[]}'))
  const session = { f: 1, timeout: 9_000, password: 'x', owner: 'y', fence: 0 }
  await put(store, `${prefix}/s/${SESSION}`, Buffer.from(JSON.stringify(session)))
  const limits = { flushDelayMs: 3_600_000, flushLateMs: 3_600_000 }
  const second = await Keeper.open({ store, prefix, limits })
  const late = await connect(second)
  await late.create('/late')
  await second.close(0)
}

async function put(store: MetadataStore, key: string, value: Buffer): Promise<void> {
  await store.txn({ compares: [], ops: [{ type: 'put', key: Buffer.from(key), value }] })
}

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.fail('it did not fail'),
    (error: Error) => error,
  )

for (const kind of ['memory', 'file', 'etcd'] as const) {
  describe(`what a newer version wrote to ${kind}`, () => {
    let store: MetadataStore
    let end: () => Promise<unknown> | unknown = () => {}

    before(async function () {
      if (kind === 'etcd') {
        requireOrSkip(this, 'etcd')
        const etcd = await startEtcd()
        store = await openStore(`etcd://${etcd.host}`)
        end = () => etcd.stop()
      } else if (kind === 'file') {
        const folder = temporaryFolder('newer-format')
        store = await openStore(`file:${folder}`)
        end = () => removeFolder(folder)
      } else store = await openStore('memory:')
    })
    after(async () => {
      await store?.close()
      await end()
    })

    /** Everybody refuses it, for this reason, and nothing changes. */
    async function isRefused(prefix: string, key: string): Promise<void> {
      const before = await below(store, `${prefix}/`)
      const attempts: [who: string, attempt: () => Promise<unknown>][] = [
        ['start', () => Keeper.open({ store, prefix })],
        ['start on damage', () => Keeper.open({ store, prefix, acceptDamagedTree: true })],
        ['export', () => readTree({ store, prefix, salvage: true })],
        ['dry run', () => repairTree({ store, prefix, dryRun: true, save: () => {} })],
        [
          'repair',
          () => repairTree({ store, prefix, force: true, save: () => expect.fail('saves') }),
        ],
      ]
      for (const [who, attempt] of attempts) {
        const error = await failure(attempt())
        expect(error, who).to.include({ code: 'STORE_UNSUPPORTED', retriable: false })
        expect(error.message, who).to.include(key).and.include('it is too old for what is stored')
        expect(error.message, who).not.to.include('anykeeper repair')
      }
      expect(await below(store, `${prefix}/`)).to.deep.equal(before)
    }

    for (const [what, pattern, newer] of KINDS) {
      it(`${what}: start, export and repair say that they are too old, and change nothing`, async () => {
        const prefix = `/newer-${KINDS.findIndex(([name]) => name === what)}`
        await plant(store, prefix)
        const kvs = await below(store, `${prefix}/`)
        const isOne = (kv: KeyValue) => pattern.test(keyText(kv).slice(prefix.length + 1))
        const { key, value } = kvs.findLast(isOne)!
        await put(store, keyText({ key }), newer(Buffer.from(value)))
        await isRefused(prefix, keyText({ key }))
      })
    }

    it('an unfinished import: also an import and its end say so', async () => {
      const prefix = '/newer-import'
      const mark = { f: 2, run: 'f'.repeat(16), line: 1, sha256: '' }
      await put(store, `${prefix}/import`, Buffer.from(JSON.stringify(mark)))
      await isRefused(prefix, `${prefix}/import`)
      await plant(store, '/newer-source')
      const input = [
        Buffer.from([...(await readTree({ store, prefix: '/newer-source' }))].join('')),
      ]
      const error = await failure(importTree({ store, prefix, input }))
      expect(error.message).to.include('import record has format 2')
    })

    it('no head, and the newest entry is newer: nobody guesses what head was', async () => {
      const prefix = '/newer-headless'
      await plant(store, prefix)
      const entry = (await below(store, `${prefix}/j/`)).at(-1)!
      await put(
        store,
        keyText(entry),
        Buffer.concat([Buffer.from([4]), Buffer.from(entry.value).subarray(1)]),
      )
      await store.txn({
        compares: [],
        ops: [{ type: 'delete', key: Buffer.from(`${prefix}/head`) }],
      })
      const attempt = repairTree({ store, prefix, save: () => expect.fail('saves') })
      expect(await failure(attempt)).to.include({ code: 'STORE_UNSUPPORTED' })
    })

    it('an entry that the records have is left over from a downgrade: a start and an export do without it', async () => {
      const prefix = '/newer-left-over'
      const keeper = await Keeper.open({ store, prefix })
      const client = await connect(keeper)
      await client.create('/a', Buffer.from('data'))
      await client.close()
      await keeper.close()
      const [headKv] = await below(store, `${prefix}/head`)
      const head = JSON.parse(Buffer.from(headKv!.value).toString())
      const entries = await below(store, `${prefix}/j/`)
      const old = entries.find((kv) => parseInt(keyText(kv).slice(-16), 16) <= head.flushed)!
      const key = keyText(old)
      const value = Buffer.concat([Buffer.from([4]), Buffer.from(old.value).subarray(1)])
      await put(store, key, value)
      // Something to mend, and still it is not this version that may do so.
      await put(store, `${prefix}/n/a1/a`, Buffer.from('no record'))
      const repairing = repairTree({ store, prefix, save: () => expect.fail('saves') })
      const error = await failure(repairing)
      expect(error.message).to.include(key).and.include('it is too old for what is stored')
      expect((await readTree({ store, prefix, salvage: true })).findings).to.have.length(1)
      const next = await Keeper.open({ store, prefix })
      expect(next.quarantine).to.include({ findings: 1, znodes: 1 })
      const writer = await connect(next)
      await writer.create('/b')
      await next.close()
      const kept = (await below(store, `${prefix}/j/`)).find((kv) => keyText(kv) === key)
      expect(kept && Buffer.from(kept.value)).to.deep.equal(value)
    })
  })
}
