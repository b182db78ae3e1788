/**
 * Write-behind and replay: however far the records lag behind the journal when a keeper dies, the
 * next one loads exactly the state that was committed, and replicas that followed agree with it.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { connect, createOp, OPEN_ACL, type ZooKeeper } from '../../lib/index.ts'
import { keeperBench } from '../support/keepers.ts'
import { pictureOf } from '../support/tree-picture.ts'

const NAMES = ['a', 'b', 'c']
const path = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((parts) => `/${parts.join('/')}`)
const data = fc.option(
  fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
  { nil: null },
)

type Step =
  | { do: 'create'; path: string; data: Buffer | null; mode: 'persistent' | 'ephemeral' }
  | { do: 'sequential'; path: string }
  | { do: 'delete'; path: string }
  | { do: 'set'; path: string; data: Buffer | null }
  | { do: 'acl'; path: string }
  | { do: 'multi'; path: string }
  | { do: 'close' }
  | { do: 'load' }
  /** It dies with what it has not written; the next one writes all of it. */
  | { do: 'restart' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('create' as const),
      path,
      data,
      mode: fc.constantFrom('persistent' as const, 'ephemeral' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sequential' as const), path }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete' as const), path }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), path, data }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('acl' as const), path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('multi' as const), path }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('load' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)

async function run(client: ZooKeeper, s: Step): Promise<void> {
  switch (s.do) {
    case 'create':
      await client.create(s.path, s.data, { mode: s.mode })
      return
    case 'sequential':
      await client.create(`${s.path}/s-`, null, { mode: 'persistent-sequential' })
      return
    case 'delete':
      return client.delete(s.path)
    case 'set':
      await client.setData(s.path, s.data)
      return
    case 'acl':
      await client.setAcl(s.path, [...OPEN_ACL, { perms: 1, id: { scheme: 'ip', id: '10.0.0.1' } }])
      return
    case 'multi':
      await client.multi([
        { type: 'delete', path: s.path, version: -1 },
        createOp(s.path, Buffer.from('again')),
        { type: 'setData', path: s.path, data: Buffer.from('and again'), version: 0 },
      ])
  }
}

const persistent = { do: 'create', data: null, mode: 'persistent' } as const
/** Both children are written behind, their parent's record is not; failing writes only flush. */
const childRecordBehind: [Step[], number] = [
  [
    { ...persistent, path: '/a' },
    { ...persistent, path: '/b' },
    { ...persistent, path: '/a' },
    { ...persistent, path: '/a' },
    { do: 'load' },
  ],
  1,
]

/** A znode's removal is written behind, that of its child record is not; then it is made again. */
const childRecordLeft: [Step[], number] = [
  [
    { ...persistent, path: '/b' },
    { do: 'multi', path: '/b' },
    { ...persistent, path: '/a' },
    { do: 'multi', path: '/a' },
    { do: 'delete', path: '/b' },
    { ...persistent, path: '/b' },
  ],
  3,
]

describe('write-behind', () => {
  it('never changes what is loaded, however far it lags', async function () {
    this.timeout(120_000)
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (steps, flushKeysPerTxnMax) => {
          const bench = keeperBench()
          try {
            // Flushing only what rides along with commits: the lag is as long as it can be.
            const slow = { flushKeysPerTxnMax, flushDelayMs: 3_600_000, backlogKeysTarget: 0 }
            let writer = await bench.open(slow)
            const follower = await bench.open({ ...slow, flushKeysPerTxnMax: 1 })
            let client = await connect(writer.keeper)
            for (const s of steps) {
              if (s.do === 'close') {
                await client.close()
                client = await connect(writer.keeper)
              } else if (s.do === 'load') {
                const fresh = await bench.open(slow)
                expect(pictureOf(fresh.keeper)).to.deep.equal(pictureOf(writer.keeper))
                await bench.crash(fresh.keeper)
              } else if (s.do === 'restart') {
                const before = pictureOf(writer.keeper)
                await bench.crash(writer.keeper)
                writer = await bench.open(slow)
                expect(pictureOf(writer.keeper)).to.deep.equal(before)
                await writer.keeper.committer.drain(10_000)
                client = await connect(writer.keeper)
              } else
                await run(client, s).catch((e: { code?: string }) => {
                  if (!String(e.code).startsWith('ZK_')) throw e
                })
            }
            await follower.keeper.sync()
            expect(pictureOf(follower.keeper)).to.deep.equal(pictureOf(writer.keeper))
            const before = pictureOf(writer.keeper)
            await bench.crash(writer.keeper)
            const next = await bench.open(slow)
            expect(pictureOf(next.keeper)).to.deep.equal(before)
            // And once everything is written behind, the records alone say the same.
            await next.keeper.committer.drain(10_000)
            expect(next.keeper.replica.backlog.size).to.equal(0)
            const last = await bench.open(slow)
            expect({ ...pictureOf(last.keeper), seq: 0 }).to.deep.equal({ ...before, seq: 0 })
          } finally {
            await bench.close()
          }
        },
      ),
      { numRuns: 200, endOnFailure: false, examples: [childRecordBehind, childRecordLeft] },
    )
  })
})
