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
import { rejection, Space } from './support.ts'
import { watchSection } from './watch-section.ts'

/** A store under test, made once for the suite. */
export interface StoreFixture {
  /** Another handle on the same data: of several processes' worth where the store is shared. */
  open(): Promise<MetadataStore>
  /** Ends the store itself and removes its data. */
  stop(): Promise<void>
}

export interface StoreConformanceOptions {
  /** For the report. */
  readonly name: string
  readonly factory: () => Promise<StoreFixture>
  /** What the manifest must say. */
  readonly features?: Partial<StoreFeatures>
}

/** The handle in use; set before the first test. */
export interface SuiteContext {
  store(): MetadataStore
  fixture(): StoreFixture
}

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
