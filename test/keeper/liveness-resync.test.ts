/** Who lives when a keeper's feed was cut and the history it missed is compacted. Neighbour: liveness.test.ts. */
import { expect } from 'chai'
import type { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { livenessBench } from '../support/liveness-bench.ts'
import { type ManualClock, settle } from '../support/manual-clock.ts'

describe('liveness', () => {
  const bench = livenessBench()
  const { start, open, resume } = bench
  let clock: ManualClock
  let backend: MemoryBackend

  beforeEach(() => {
    clock = bench.clock
    backend = bench.backend
  })

  describe('history compacted while the feed is cut', () => {
    it('the journal is read instead: watchers get every event, in order', async () => {
      const one = await start()
      const two = await start()
      const writer = await open(one, 20_000)
      for (const path of ['/changed', '/same', '/gone', '/parent', '/again']) {
        await writer.create(path)
      }
      const watcher = await open(two, 20_000)
      const moving = await open(two, 20_000)
      const dying = await open(two, 20_000)
      await clock.advance(100)
      for (const path of ['/changed', '/same', '/gone', '/new', '/again']) watcher.watch(path)
      watcher.watchChildren('/parent')
      two.store.cutFeed()
      // One step of the feed is on its way already; it is held with the rest.
      writer.write({ type: 'setData', path: '/changed', data: '1', version: -1 })
      writer.write({ type: 'setData', path: '/changed', data: '2', version: -1 })
      writer.write({ type: 'delete', path: '/gone', version: -1 })
      writer.write({ type: 'delete', path: '/again', version: -1 })
      await settle()
      for (const path of ['/again', '/new', '/parent/child']) await writer.create(path)
      const moved = await resume(one, moving)
      const taken = await resume(one, dying)
      taken!.write({ type: 'closeSession' })
      await clock.advance(100)
      expect([watcher.events, moving.endReason, dying.endReason]).to.deep.equal([
        [],
        undefined,
        undefined,
      ])
      backend.mvcc.compact(backend.revision)
      two.store.mendFeed()
      await clock.advance(1_500)
      expect(two.keeper.resyncCount).to.equal(0)
      expect(watcher.endReason).to.equal(undefined)
      const seen = watcher.events.map(([type, path]) => `${type} ${path}`)
      expect(seen).to.deep.equal(['3 /changed', '2 /gone', '2 /again', '1 /new', '4 /parent'])
      expect([moving.endReason, dying.endReason]).to.deep.equal(['moved', 'moved'])
      expect(moved!.endReason).to.equal(undefined)
      // It follows again.
      watcher.events.length = 0
      watcher.watch('/same')
      writer.write({ type: 'setData', path: '/same', data: null, version: 0 })
      await clock.advance(100)
      expect(watcher.events).to.deep.equal([[3, '/same']])
    })

    it('and the journal no longer has it: clients are disconnected, for they missed events', async () => {
      const one = await start()
      const two = await start()
      const writer = await open(one, 20_000)
      await writer.create('/a')
      const watcher = await open(two, 20_000)
      await clock.advance(100)
      watcher.watch('/a')
      two.store.cutFeed()
      // More than is kept of the journal, written behind and deleted from it.
      for (let i = 0; i < 6; i++) {
        writer.write({ type: 'setData', path: '/a', data: 'x'.repeat(400_000), version: -1 })
        await settle()
      }
      await clock.advance(150)
      backend.mvcc.compact(backend.revision)
      two.store.mendFeed()
      await clock.advance(1_500)
      expect(two.keeper.resyncCount).to.equal(1)
      // The step of the feed that was held; then the gap, and no event behind it.
      expect([watcher.endReason, watcher.events]).to.deep.equal(['suspended', [[3, '/a']]])
      expect(two.keeper.isServing).to.equal(true)
      const again = await resume(two, watcher)
      expect(again).to.not.equal(undefined)
      expect(two.keeper.replica.tree.get('/a')?.version).to.equal(6)
    })

    it('a session whose last words were cut short is not lost by it', async () => {
      const one = await start()
      const two = await start()
      const client = await open(two)
      await client.create('/e', 'ephemeral')
      two.store.cutFeed()
      const other = await open(one, 20_000)
      // More than one revision: the newest one stays watchable after the compaction.
      for (const path of ['/x', '/y', '/z']) await other.create(path)
      backend.mvcc.compact(backend.revision)
      two.store.mendFeed()
      await clock.advance(1_500)
      expect(two.keeper.resyncCount).to.equal(0)
      expect(client.endReason).to.equal(undefined)
      await client.create('/e2', 'ephemeral')
      expect(two.keeper.replica.tree.ephemeralsOf(client.session.id).size).to.equal(2)
    })
  })
})
