/** Conformance: watch, by the laws Ordered, Unique, Atomic, Reliable, Resumable, Bookmarkable. */
import { expect } from 'chai'
import type { SuiteContext } from './store.ts'
import { bytes, rejection, Space } from './support.ts'

export function watchSection(context: SuiteContext): void {
  describe('watch', () => {
    let space: Space
    beforeEach(() => {
      space = new Space(context.store())
    })

    it('gives everything from a past revision on, grouped by revision', async () => {
      const first = await space.write(space.put('a', '1'), space.put('b', '1'))
      const second = await space.write(space.put('a', '2'), space.delete('b'))
      const third = await space.write(space.delete('a'))
      const watch = space.watch(first)
      await watch.events(5)
      expect(watch.seen).to.deep.equal([
        { revision: first, events: ['put a=1', 'put b=1'] },
        { revision: second, events: ['put a=2', 'delete b'] },
        { revision: third, events: ['delete a'] },
      ])
      await watch.end()
    })

    it('begins at the revision asked for, inclusive', async () => {
      await space.write(space.put('a', '1'))
      const from = await space.write(space.put('a', '2'))
      const watch = space.watch(from)
      expect(await watch.events(1)).to.deep.equal(['put a=2'])
      await watch.end()
    })

    it('goes on with what is written while it runs', async () => {
      const watch = space.watch((await space.write(space.put('a', '0'))) + 1)
      for (let i = 1; i <= 20; i++) {
        await space.write(space.put('a', `${i}`))
        expect((await watch.events(i)).at(-1)).to.equal(`put a=${i}`)
      }
      await watch.end()
    })

    it('an event carries the key as it was written', async () => {
      const lease = await context.store().grantLease({ ttlMs: 60_000 })
      const created = await space.write(space.put('a', '1'))
      const modified = await space.write(space.put('a', '2', lease.id))
      const controller = new AbortController()
      const { signal } = controller
      const options = { start: space.start, end: space.end, fromRevision: modified, signal }
      for await (const batch of context.store().watch(options)) {
        const [event] = batch.events
        if (event?.type !== 'put') continue
        expect(event.kv).to.deep.include({
          createRevision: created,
          modRevision: modified,
          version: 2,
          lease: lease.id,
        })
        expect(Buffer.compare(event.kv.key, space.key('a'))).to.equal(0)
        expect(Buffer.compare(event.kv.value, bytes('2'))).to.equal(0)
        break
      }
      await context.store().revokeLease(lease.id)
    })

    it('sees only its range: the end is exclusive', async () => {
      const other = new Space(context.store())
      const watch = space.watch(await space.write(space.put('a')))
      await other.write(other.put('x'))
      await context.store().txn({
        compares: [],
        ops: [{ type: 'put', key: space.end, value: bytes('outside') }, space.put('b')],
      })
      expect(await watch.events(2)).to.deep.equal(['put a=v', 'put b=v'])
      await watch.end()
    })

    it('2,000 revisions written before it began all arrive, once and in order', async () => {
      const count = 2_000
      const revisions: number[] = []
      for (let i = 0; i < count; i += 50) {
        const writes = Array.from({ length: 50 }, (_, j) => space.write(space.put(`k${i + j}`)))
        revisions.push(...(await Promise.all(writes)))
      }
      const watch = space.watch(Math.min(...revisions))
      const events = await watch.events(count)
      expect(new Set(events).size).to.equal(count)
      expect(watch.seen).to.have.length(count)
      await watch.end()
    })

    it('a revision with many events is never split', async () => {
      const count = Math.min(context.store().features.txnOpsMax, 1_000)
      const ops = Array.from({ length: count }, (_, i) => space.put(`k${i}`, 'x'.repeat(500)))
      const revision = await space.write(...ops)
      const watch = space.watch(revision)
      const batch = await nextWithEvents(watch)
      expect(batch.events).to.have.length(count)
      await watch.end()
    })

    it('may begin in the future, and says nothing older', async () => {
      const now = await space.write(space.put('a', '0'))
      const watch = space.watch(now + 3)
      const seen = watch.events(1)
      await space.write(space.put('a', '1'))
      await space.write(space.put('a', '2'))
      await space.write(space.put('a', '3'))
      expect(await seen).to.deep.equal(['put a=3'])
      await watch.end()
    })

    it('a quiet watch gives empty batches as signs of life', async () => {
      const watch = space.watch((await space.write(space.put('a'))) + 1)
      for (let i = 0; i < 3; i++) {
        const batch = await watch.next()
        expect(batch?.events).to.deep.equal([])
      }
      await watch.end()
    })

    it('empty batches move on with writes elsewhere, and are a place to resume at', async function () {
      if (context.store().features.progressAdvances === false) {
        console.log('      skipped: features.progressAdvances is false')
        this.skip()
      }
      const other = new Space(context.store())
      const watch = space.watch((await space.write(space.put('a'))) + 1)
      const elsewhere = await other.write(other.put('x'))
      let bookmark = 0
      while (bookmark < elsewhere) bookmark = (await watch.next())!.revision
      await watch.end()
      await space.write(space.put('b'))
      const resumed = space.watch(bookmark + 1)
      expect(await resumed.events(1)).to.deep.equal(['put b=v'])
      await resumed.end()
    })

    it('several watches each get everything', async () => {
      const from = await space.write(space.put('a', '0'))
      const watches = [from, from, from + 1].map((revision) => space.watch(revision))
      for (let i = 1; i <= 10; i++) await space.write(space.put('a', `${i}`))
      const all = Array.from({ length: 11 }, (_, i) => `put a=${i}`)
      expect(await watches[0]!.events(11)).to.deep.equal(all)
      expect(await watches[1]!.events(11)).to.deep.equal(all)
      expect(await watches[2]!.events(10)).to.deep.equal(all.slice(1))
      await Promise.all(watches.map((watch) => watch.end()))
    })

    it('abort ends a waiting watch without an error, and one aborted before it began', async () => {
      const watch = space.watch((await space.write(space.put('a'))) + 1)
      const waiting = watch.events(1)
      watch.abort()
      expect(await waiting).to.deep.equal([])
      expect(await watch.next()).to.equal(undefined)
      const never = space.watch(1)
      never.abort()
      expect(await never.next()).to.equal(undefined)
    })

    it('leaving the loop ends it', async () => {
      const fromRevision = await space.write(space.put('a'))
      const { signal } = new AbortController()
      const options = { start: space.start, end: space.end, fromRevision, signal }
      for await (const batch of context.store().watch(options)) {
        if (batch.events.length > 0) break
      }
    })

    it('from a compacted revision rejects with STORE_COMPACTED and the oldest readable one', async () => {
      const old = await space.write(space.put('a', '1'))
      await space.write(space.put('a', '2'))
      const compacted = await space.write(space.put('a', '3'))
      await context.store().compact(compacted)
      const error = await rejection(space.watch(old).events(1), 'STORE_COMPACTED')
      expect(error.compactRevision).to.equal(compacted)
      const watch = space.watch(compacted + 1)
      await space.write(space.put('a', '4'))
      expect(await watch.events(1)).to.deep.equal(['put a=4'])
      await watch.end()
    })

    it('refuses an empty range and a fromRevision of 0 with STORE_INVALID', async () => {
      const { signal } = new AbortController()
      const empty = { start: space.end, end: space.start, fromRevision: 1, signal }
      await rejection(context.store().watch(empty)[Symbol.asyncIterator]().next(), 'STORE_INVALID')
      await rejection(space.watch(0).next(), 'STORE_INVALID')
    })
  })
}

async function nextWithEvents(watch: ReturnType<Space['watch']>) {
  for (;;) {
    const batch = await watch.next()
    if (batch === undefined) throw new Error('the watch ended')
    if (batch.events.length > 0) return batch
  }
}
