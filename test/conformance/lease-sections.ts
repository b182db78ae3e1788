/** Conformance: lease, compaction. Neighbour: store.ts. */
import { expect } from 'chai'
import type { SuiteContext } from './store.ts'
import { rejection, Space, text } from './support.ts'

export function leaseSection(context: SuiteContext): void {
  describe('lease', () => {
    let space: Space
    beforeEach(() => {
      space = new Space(context.store())
    })

    it('is granted with a positive id of its own and at least the TTL asked for', async () => {
      const store = context.store()
      const a = await store.grantLease({ ttlMs: 5_500 })
      const b = await store.grantLease({ ttlMs: 5_500 })
      expect(a.id > 0n && b.id > 0n && a.id < 2n ** 63n).to.equal(true)
      expect(a.id).to.not.equal(b.id)
      expect(a.ttlMs).to.be.at.least(5_500)
      await Promise.all([store.revokeLease(a.id), store.revokeLease(b.id)])
    })

    it('expires with all its keys under one revision, and the watch sees it', async () => {
      const lease = await context.store().grantLease({ ttlMs: 1_000 })
      const revision = await space.write(
        space.put('a', '1', lease.id),
        space.put('b', '1', lease.id),
        space.put('c', 'stays'),
      )
      expect((await space.get('a'))!.lease).to.equal(lease.id)
      const watch = space.watch(revision + 1)
      const events = await watch.events(2)
      expect([...events].sort()).to.deep.equal(['delete a', 'delete b'])
      expect(watch.seen).to.have.length(1)
      expect(space.names(await space.all())).to.deep.equal(['c'])
      await watch.end()
      await rejection(context.store().keepLeaseAlive(lease.id), 'STORE_LEASE_NOT_FOUND')
    })

    it('lives on while it is renewed, and dies after that', async () => {
      const store = context.store()
      const lease = await store.grantLease({ ttlMs: 1_000 })
      const revision = await space.write(space.put('a', '1', lease.id))
      const watch = space.watch(revision + 1)
      const gone = watch.events(1)
      const endMs = performance.now() + lease.ttlMs * 2
      while (performance.now() < endMs) {
        expect(await store.keepLeaseAlive(lease.id)).to.deep.equal({ ttlMs: lease.ttlMs })
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
      expect(await space.get('a'), 'after twice its TTL').to.not.equal(undefined)
      expect(await gone).to.deep.equal(['delete a'])
      await watch.end()
    })

    it('many leases are renewed side by side', async () => {
      const store = context.store()
      const leases = await Promise.all(
        Array.from({ length: 50 }, () => store.grantLease({ ttlMs: 30_000 })),
      )
      await Promise.all(leases.map((lease) => store.keepLeaseAlive(lease.id)))
      await Promise.all(leases.map((lease) => store.revokeLease(lease.id)))
    })

    it('revoked, its keys vanish under one revision; revoking again is no error', async () => {
      const store = context.store()
      const lease = await store.grantLease({ ttlMs: 60_000 })
      const names = ['a', 'b', 'c']
      const revision = await space.write(...names.map((name) => space.put(name, 'v', lease.id)))
      await store.revokeLease(lease.id)
      expect(space.names(await space.all())).to.deep.equal([])
      const watch = space.watch(revision + 1)
      await watch.events(3)
      expect(watch.seen).to.have.length(1)
      await watch.end()
      await store.revokeLease(lease.id)
      await rejection(store.keepLeaseAlive(lease.id), 'STORE_LEASE_NOT_FOUND')
    })

    it('a put with a dead lease is refused whole with STORE_LEASE_NOT_FOUND', async () => {
      const store = context.store()
      const lease = await store.grantLease({ ttlMs: 60_000 })
      await store.revokeLease(lease.id)
      const error = await rejection(
        space.write(space.put('a'), space.put('b', 'v', lease.id)),
        'STORE_LEASE_NOT_FOUND',
      )
      expect(error.outcome).to.equal('unapplied')
      expect(space.names(await space.all())).to.deep.equal([])
    })

    it('only the newest put binds a key: a put without the lease frees it', async () => {
      const store = context.store()
      const lease = await store.grantLease({ ttlMs: 60_000 })
      await space.write(space.put('a', '1', lease.id), space.put('b', '1', lease.id))
      await space.write(space.put('a', '2'))
      await store.revokeLease(lease.id)
      expect(space.names(await space.all())).to.deep.equal(['a'])
      expect((await space.get('a'))!.lease).to.equal(0n)
    })

    it('refuses a TTL out of bounds and an id that is none with STORE_INVALID', async () => {
      const store = context.store()
      await rejection(store.grantLease({ ttlMs: 999 }), 'STORE_INVALID')
      await rejection(store.grantLease({ ttlMs: 86_400_001 }), 'STORE_INVALID')
      await rejection(store.keepLeaseAlive(0n), 'STORE_INVALID')
      await rejection(store.revokeLease(-1n), 'STORE_INVALID')
    })
  })
}

export function compactionSection(context: SuiteContext): void {
  describe('compaction', () => {
    let space: Space
    beforeEach(() => {
      space = new Space(context.store())
    })

    it('forgets older states, keeps the one at its revision and the newest', async () => {
      const first = await space.write(space.put('a', '1'), space.put('b', '1'))
      const second = await space.write(space.put('a', '2'), space.delete('b'))
      await space.write(space.put('a', '3'))
      await context.store().compact(second)
      await rejection(space.all({ revision: first }), 'STORE_COMPACTED')
      const then = await space.all({ revision: second })
      expect(then.kvs.map((kv) => text(kv.value))).to.deep.equal(['2'])
      const now = await space.all()
      expect(now.kvs.map((kv) => text(kv.value))).to.deep.equal(['3'])
      expect(now.kvs[0]).to.deep.include({ createRevision: first, version: 3 })
    })

    it('compacting a compacted revision is no error', async () => {
      const revision = await space.write(space.put('a'))
      await context.store().compact(revision)
      await context.store().compact(revision)
      await context.store().compact(revision - 1)
    })

    it('a future revision is refused with STORE_INVALID', async () => {
      const revision = await space.write(space.put('a'))
      await rejection(context.store().compact(revision + 1_000_000), 'STORE_INVALID')
    })
  })
}
