/** Keys of others below a prefix, above all of a tree whose prefix is nested: named, ignored, left alone. */
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import {
  connect,
  Keeper,
  type Logger,
  type MetadataStore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { pictureOf } from '../support/tree-picture.ts'

interface Served {
  readonly keeper: Keeper
  readonly client: ZooKeeper
  readonly warnings: string[]
}

const NESTED = ['n', 'c', 'j', 's', 'p', 'x', 'head', 'j/0']

for (const kind of ['etcd', 'redis', 'file'] as const) {
  describe(`overlapping prefixes on ${kind}`, () => {
    let store: MetadataStore
    let end: () => Promise<unknown> | unknown
    const open: Keeper[] = []

    before(async function () {
      if (kind === 'etcd') {
        requireOrSkip(this, 'etcd')
        const etcd = await startEtcd()
        store = await openStore(`etcd://${etcd.host}`)
        end = () => etcd.stop()
      } else if (kind === 'redis') {
        requireOrSkip(this, 'redis')
        const redis = await startRedis()
        store = await openStore(redis.url)
        end = () => redis.stop()
      } else {
        const folder = temporaryFolder('prefixes')
        store = await openStore(`file:${folder}`)
        end = () => removeFolder(folder)
      }
    })
    afterEach(async () => {
      for (const keeper of open.splice(0)) await keeper.close()
    })
    after(async () => {
      await store?.close()
      await end?.()
    })

    async function serve(prefix: string): Promise<Served> {
      const warnings: string[] = []
      const logger: Logger = {
        debug() {},
        info() {},
        warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`),
        error: (fields, message) => warnings.push(`error: ${message} ${JSON.stringify(fields)}`),
      }
      const keeper = await Keeper.open({ store, prefix, logger, limits: { recordCheckMs: 5 } })
      open.push(keeper)
      return { keeper, client: await connect(keeper), warnings }
    }

    async function endOf({ keeper, client }: Served): Promise<void> {
      await client.close()
      await keeper.close()
      open.splice(open.indexOf(keeper), 1)
    }

    for (const [index, name] of NESTED.entries()) {
      for (const order of ['the outer one first', 'the inner one first']) {
        it(`/a/${name} beside /a, ${order}`, async () => {
          const outer = `/${kind}${index}${order.includes('outer') ? 'o' : 'i'}`
          const prefixes = [outer, `${outer}/${name}`]
          if (order.includes('inner')) prefixes.reverse()
          const first: Served[] = []
          for (const prefix of prefixes) {
            const served = await serve(prefix)
            await served.client.create('/app', Buffer.from(prefix))
            for (let i = 0; i < 20; i++) await served.client.create(`/app/${i}`)
            first.push(served)
          }
          // Both live, write, and compare all of their records, over the other one's.
          await Promise.all(first.map(({ client }) => client.setData('/app/0', Buffer.from('x'))))
          for (const { keeper } of first) {
            const { rounds } = keeper.recordChecks
            await eventually('a round', () => keeper.recordChecks.rounds >= rounds + 2)
            expect(keeper.isServing).to.equal(true)
            expect(keeper.registry.peers.size).to.equal(1)
          }
          const pictures = first.map(({ keeper }) => pictureOf(keeper).nodes)
          for (const served of first) await endOf(served)
          const again: Served[] = []
          for (const prefix of prefixes) again.push(await serve(prefix))
          expect(again.map(({ keeper }) => pictureOf(keeper).nodes)).to.deep.equal(pictures)
          const whose = again[prefixes.indexOf(outer)]!
          expect(whose.keeper.quarantine.foreignKeys).to.be.above(0)
          expect(whose.warnings.join())
            .to.include('that no proxy of this tree writes')
            .and.include(`${outer}/${name}`)
          for (const { keeper } of again) expect(keeper.quarantine.findings).to.equal(0)
          for (const served of again) await endOf(served)
        })
      }
    }

    for (const letter of ['n', 'c']) {
      for (const order of ['outer', 'inner']) {
        it(`/a/${letter}/a1 and /a are one place: the second is refused, the first one served (${order} first)`, async () => {
          const outer = `/${kind}-${letter}-${order}`
          const prefixes = [outer, `${outer}/${letter}/a1`]
          if (order === 'inner') prefixes.reverse()
          const first = await serve(prefixes[0]!)
          await first.client.create('/app')
          const refused = await serve(prefixes[1]!).catch((error: unknown) => error)
          expect(refused).to.include({ code: 'STORE_INVALID' })
          expect(String(refused)).to.include('give one of the two trees another prefix')
          await endOf(first)
          const again = await serve(prefixes[0]!)
          expect(again.keeper.replica.tree.has('/app')).to.equal(true)
          expect(again.keeper.quarantine).to.include({ findings: 0, znodes: 0 })
          await endOf(again)
        })
      }
    }

    it('keys of a program that is no anykeeper stay', async () => {
      const keys = ['', 'x', 'n/x', 'n/a1', 'c/x/y', 's/1', 'p/1', 'j/x', 'headless', 'z/\u{1F600}']
      const prefix = `/${kind}-foreign`
      for (const key of keys) {
        const op = {
          type: 'put',
          key: Buffer.from(`${prefix}/${key}`),
          value: Buffer.from('?'),
        } as const
        await store.txn({ compares: [], ops: [op] })
      }
      const served = await serve(prefix)
      expect(served.keeper.quarantine).to.deep.equal({
        findings: 0,
        znodes: 0,
        foreignKeys: keys.length,
      })
      await served.client.create('/app')
      await endOf(served)
      for (const key of keys) {
        const { kvs } = await store.range({ start: Buffer.from(`${prefix}/${key}`) })
        expect(kvs, key).to.have.length(1)
      }
    })
  })
}
