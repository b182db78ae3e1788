/**
 * What every MetadataStore must keep to, as a mocha suite. Tests are chosen by the store's features
 * manifest, never by its name. Call it with a factory; it imports only lib.
 */
import { expect } from 'chai'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { StoreFeatures } from '../../lib/store/types.ts'
import { rangeSection, revisionSection, txnSection } from './kv-sections.ts'
import { compactionSection, leaseSection } from './lease-sections.ts'
import { limitsSection } from './limits-section.ts'
import { bytes, rejection, Space, text } from './support.ts'
import { watchSection } from './watch-section.ts'

/** A store under test, made once for the suite. */
export interface StoreFixture {
  /** Another handle on the same data: of several processes' worth where the store is shared. */
  open(): Promise<MetadataStore>
  /** Ends the store itself and removes its data. */
  stop(): Promise<void>
  /**
   * Ends the store and starts it again on the same data; all handles are closed when it is called.
   * A persistent store without it is not tested over a restart.
   */
  restart?(): Promise<void>
}

/** Options of {@link storeConformance}. */
export interface StoreConformanceOptions {
  /** For the report. */
  readonly name: string
  /** A store under test, made once for the suite. */
  readonly factory: () => Promise<StoreFixture>
  /** What the manifest must say; what it excludes for certain is not even listed. */
  readonly features?: Partial<StoreFeatures>
}

/** The handle in use; set before the first test. */
export interface SuiteContext {
  store(): MetadataStore
  fixture(): StoreFixture
}

/** Defines the mocha suite of what a store promises. */
export function storeConformance({ name, factory, features }: StoreConformanceOptions): void {
  describe(`store conformance: ${name}`, function () {
    this.timeout(60_000)
    let fixture: StoreFixture
    let store: MetadataStore
    const context: SuiteContext = { store: () => store, fixture: () => fixture }

    before(async () => {
      fixture = await factory()
      store = await fixture.open()
    })
    after(async () => {
      await store?.close()
      await fixture?.stop()
    })

    it('says in its manifest what it is said to promise', () => {
      expect(store.features).to.include(features ?? {})
      expect(store.features.txnOpsMax).to.be.at.least(1)
      expect(store.features.txnBytesMax).to.be.at.least(store.features.valueBytesMax)
    })

    rangeSection(context)
    txnSection(context)
    revisionSection(context)
    watchSection(context)
    leaseSection(context)
    compactionSection(context)
    limitsSection(context)
    closedTrait(context)
    reopenedTrait(context)
    if (features?.persistent !== false) {
      restartedTrait(context, async (restart) => {
        await store.close()
        await restart()
        store = await fixture.open()
      })
    }
  })
}

function closedTrait(context: SuiteContext): void {
  describe('traits/closed', () => {
    it('every call on a closed store rejects with STORE_CLOSED', async () => {
      const store = await context.fixture().open()
      const space = new Space(store)
      await store.close()
      const calls: Promise<unknown>[] = [
        store.range({ start: space.start }),
        store.txn({ compares: [], ops: [space.put('a')] }),
        space.watch(1).next(),
        store.grantLease({ ttlMs: 5_000 }),
        store.keepLeaseAlive(1n),
        store.revokeLease(1n),
        store.compact(1),
      ]
      for (const call of calls) {
        expect((await rejection(call, 'STORE_CLOSED')).outcome).to.equal('unapplied')
      }
    })

    it('close ends an open watch with STORE_CLOSED, and may be called again', async () => {
      const store = await context.fixture().open()
      const space = new Space(store)
      const watch = space.watch((await space.write(space.put('a'))) + 1)
      const ended = rejection(
        (async () => {
          while ((await watch.next()) !== undefined);
        })(),
        'STORE_CLOSED',
      )
      await Promise.all([store.close(), store.close(), ended])
    })
  })
}

function reopenedTrait(context: SuiteContext): void {
  describe('traits/reopened', () => {
    it('a new handle sees what a closed one wrote, and watches from where it stopped', async () => {
      const first = await context.fixture().open()
      const before = new Space(first)
      const revision = await before.write(before.put('a', '1'))
      await before.write(before.put('b', '2'))
      await first.close()
      const second = await context.fixture().open()
      const seen = await second.range({ start: before.start, end: before.end })
      expect(before.names(seen)).to.deep.equal(['a', 'b'])
      const watch = before.watch(revision + 1, second)
      expect(await watch.events(1)).to.deep.equal(['put b=2'])
      await watch.end()
      await second.close()
    })

    it('two open handles see each other at once', async () => {
      const other = await context.fixture().open()
      const space = new Space(context.store())
      await space.write(space.put('a', '1'))
      expect((await other.range({ start: space.key('a') })).kvs).to.have.length(1)
      await other.close()
    })
  })
}

/** `through` closes the suite's handle, restarts, and opens it anew. */
function restartedTrait(
  context: SuiteContext,
  through: (restart: () => Promise<void>) => Promise<void>,
): void {
  describe('traits/restarted', () => {
    const again = async (test: Mocha.Context): Promise<void> => {
      const { restart } = context.fixture()
      const { persistent } = context.store().features
      if (persistent && restart !== undefined) return through(() => restart.call(context.fixture()))
      console.log(`      skipped: ${persistent ? 'no restart()' : 'features.persistent is false'}`)
      test.skip()
    }

    it('everything committed is there, with its revisions and versions', async function () {
      const before = new Space(context.store())
      const created = await before.write(before.put('a', '1'), before.put('b'), before.put('c'))
      const modified = await before.write(before.put('a', '2'), before.delete('b'))
      await again(this)
      const { kvs } = await context.store().range({ start: before.start, end: before.end })
      expect(kvs.map((kv) => text(kv.key).slice(before.prefix.length))).to.deep.equal(['a', 'c'])
      expect(text(kvs[0]!.value)).to.equal('2')
      expect(kvs[0]).to.deep.include({
        createRevision: created,
        modRevision: modified,
        version: 2,
      })
      const key = before.key('a')
      const guard = { target: 'modRevision', key, equals: modified } as const
      const ops = [{ type: 'put', key, value: bytes('3') }] as const
      expect((await context.store().txn({ compares: [guard], ops })).committed).to.equal(true)
    })

    it('revisions go on upwards', async function () {
      const before = new Space(context.store())
      const revision = await before.write(before.put('a'))
      await again(this)
      const after = new Space(context.store())
      expect((await after.all()).revision).to.be.at.least(revision)
      expect(await after.write(after.put('a'))).to.be.above(revision)
    })

    it('a watch from before gives what happened, or says STORE_COMPACTED; never nothing', async function () {
      const before = new Space(context.store())
      const revision = await before.write(before.put('a', '1'))
      await again(this)
      const watch = before.watch(revision, context.store())
      const outcome = await watch.events(1).catch((error: { code?: string }) => error.code)
      expect(outcome).to.satisfy(
        (o: unknown) => o === 'STORE_COMPACTED' || `${o}` === 'put a=1',
        `${outcome}`,
      )
      await watch.end().catch(() => {})
    })

    it('a lease lives on with its keys, under its id, and ends them when it expires', async function () {
      const before = new Space(context.store())
      const lease = await context.store().grantLease({ ttlMs: 2_000 })
      await before.write(before.put('a', '1', lease.id))
      await again(this)
      const store = context.store()
      await store.keepLeaseAlive(lease.id)
      const { kvs, revision } = await store.range({ start: before.key('a') })
      expect(kvs[0]?.lease).to.equal(lease.id)
      const other = await store.grantLease({ ttlMs: 2_000 })
      expect(other.id).to.not.equal(lease.id)
      const watch = before.watch(revision + 1, store)
      expect(await watch.events(1)).to.deep.equal(['delete a'])
      await watch.end()
      await rejection(store.keepLeaseAlive(lease.id), 'STORE_LEASE_NOT_FOUND')
    })
  })
}
