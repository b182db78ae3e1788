/** A member on a store of somebody's own that does not keep the contract: it throws what is no StoreError. */
import { expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { type Clock, connect, Keeper, StoreError } from '../../lib/index.ts'
import { checkedStore } from '../../lib/store/checked-store.ts'
import {
  FOREIGN_CALLS,
  type ForeignFault,
  type ForeignStore,
  foreignStore,
} from '../support/foreign-store.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const TTL_MS = 3_000

const FAULTS: readonly ForeignFault[] = ['thrown', 'rejected', 'rejected when done']

/** As the class of a second copy of this package makes it. */
function foreignError(code = 'STORE_UNAVAILABLE', fields: object = {}): Error {
  return Object.assign(new Error('of another copy'), { name: 'StoreError', code, ...fields })
}

const ERRORS: Record<string, () => unknown> = {
  'a TypeError': () => new TypeError('x is not a function'),
  'a StoreError of another copy': () => foreignError(),
  'no error at all': () => undefined,
}

/** The members’ timers, apart from those of the store. */
class OwnTimers implements Clock {
  readonly #clock: Clock
  pending = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }
  monotonic(): number {
    return this.#clock.monotonic()
  }
  after(delayMs: number, run: () => void): () => void {
    this.pending++
    let isPending = true
    const ended = (): void => {
      if (isPending) this.pending--
      isPending = false
    }
    const cancel = this.#clock.after(delayMs, () => {
      ended()
      run()
    })
    return () => {
      ended()
      cancel()
    }
  }
}

describe('a store that breaks the contract', () => {
  let clock: ManualClock
  let backend: MemoryBackend
  let own: OwnTimers

  beforeEach(() => {
    clock = new ManualClock()
    own = new OwnTimers(clock)
    backend = new MemoryBackend({ clock })
  })

  const open = (store: ForeignStore) =>
    Keeper.open({ store, clock: own, limits: { proxyTtlMs: TTL_MS, storeSilenceMsMax: 2_000 } })

  /** Lets the clock go on until it is settled. */
  async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
    let result: PromiseSettledResult<T> | undefined
    void Promise.allSettled([promise]).then(([one]) => {
      result = one
    })
    for (let i = 0; i < 600; i++) {
      await settle()
      if (result !== undefined) return result
      await clock.advance(100)
    }
    throw new Error('not settled in a minute')
  }

  /** No loop goes on: timers that were set run out. */
  async function expectRest(): Promise<void> {
    for (let i = 0; i < 60 && own.pending > 0; i++) await clock.advance(1_000)
    expect(own.pending).to.equal(0)
  }

  const listed = async (): Promise<string[]> => {
    const store = openMemoryStore({ backend })
    const { kvs } = await store.range({
      start: bytes('/anykeeper/p/'),
      end: bytes('/anykeeper/p0'),
    })
    return kvs.map(({ key }) => Buffer.from(key).toString())
  }
  const bytes = (text: string) => Buffer.from(text)

  for (const [what, make] of Object.entries(ERRORS)) {
    for (const call of FOREIGN_CALLS) {
      // Where it fails matters for one of them; the others are told apart by the door alone.
      const faults = what === 'a TypeError' ? FAULTS : FAULTS.slice(1, 2)
      for (const fault of faults) {
        it(`${call} is ${fault} with ${what}: it lives on, and leaves in order`, async () => {
          const store = foreignStore(openMemoryStore({ backend }), make)
          const keeper = await open(store)
          const other = await open(foreignStore(openMemoryStore({ backend }), make))
          const client = await connect(keeper)
          store.failing = { call, fault }
          const created = await settled(client.create('/a'))
          if (created.status === 'rejected') {
            expect(created.reason)
              .to.have.property('code')
              .that.matches(/^(STORE|ZK)_/)
          }
          // Longer than its lease: what it does in the background has failed meanwhile.
          for (let i = 0; i < 50; i++) await clock.advance(100)
          store.failing = undefined
          for (let i = 0; i < 50; i++) await clock.advance(100)
          expect(keeper.isServing).to.equal(true)
          expect(await listed()).to.have.length(2)
          const later = await connect(keeper)
          expect((await settled(later.create('/b'))).status).to.equal('fulfilled')
          const seen = await connect(other)
          expect((await settled(seen.sync())).status).to.equal('fulfilled')
          expect(await seen.exists('/b')).to.not.equal(null)
          // A create of an unknown outcome was not answered as applied; it is there or not, the same everywhere.
          if (created.status === 'fulfilled') expect(await seen.exists('/a')).to.not.equal(null)
          for (const one of [client, later, seen]) void one.close().catch(() => {})
          await settle()
          expect((await settled(other.close(0))).status).to.equal('fulfilled')
          store.failing = { call, fault }
          expect((await settled(keeper.close(0))).status).to.equal('fulfilled')
          await expectRest()
        })

        it(`${call} is ${fault} with ${what}, while it opens: an error, and nothing runs on`, async () => {
          const store = foreignStore(openMemoryStore({ backend }), make)
          store.failing = { call, fault }
          const opened = await settled(open(store))
          if (opened.status === 'rejected') expect(opened.reason).to.be.instanceOf(StoreError)
          else expect((await settled(opened.value.close(0))).status).to.equal('fulfilled')
          await expectRest()
        })
      }
    }
  }

  for (const call of FOREIGN_CALLS) {
    it(`${call} is never answered: it can be closed all the same`, async () => {
      const store = foreignStore(openMemoryStore({ backend }), () => undefined)
      const keeper = await open(store)
      const client = await connect(keeper)
      store.failing = { call, fault: 'unanswered' }
      void client.create('/a').catch(() => {})
      for (let i = 0; i < 20; i++) await clock.advance(100)
      expect((await settled(keeper.close(0))).status).to.equal('fulfilled')
      void client.close().catch(() => {})
      await expectRest()
    })
  }

  it('what it throws has a code, an outcome and its cause', async () => {
    const inner = openMemoryStore({ backend })
    const failed = async (make: () => unknown, call: 'range' | 'txn') => {
      const store = foreignStore(inner, make)
      store.failing = { call, fault: 'rejected' }
      const checked = checkedStore(store)
      const start = bytes('/x')
      const done =
        call === 'range' ? checked.range({ start }) : checked.txn({ compares: [], ops: [] })
      return done.then(
        () => undefined,
        (error: unknown) => error as StoreError,
      )
    }
    const type = new TypeError('x is not a function')
    for (const [call, outcome] of [
      ['range', 'unapplied'],
      ['txn', 'unknown'],
    ] as const) {
      const error = await failed(() => type, call)
      expect(error).to.be.instanceOf(StoreError)
      expect(error).to.include({ code: 'STORE_INTERNAL', outcome, retriable: false, cause: type })
      expect(error?.message).to.equal(
        'the store failed with what is no StoreError: TypeError: x is not a function',
      )
    }
    const fields = { outcome: 'unapplied', retriable: true, compactRevision: 7 }
    const foreign = foreignError('STORE_COMPACTED', fields)
    const known = await failed(() => foreign, 'txn')
    expect(known).to.be.instanceOf(StoreError)
    expect(known).to.include({ code: 'STORE_COMPACTED', ...fields, cause: foreign })
    const vague = await failed(() => foreignError('STORE_TIMEOUT', { outcome: 'maybe' }), 'txn')
    expect(vague).to.include({ code: 'STORE_TIMEOUT', outcome: 'unknown', retriable: true })
  })

  it('a store behind the door is not put behind a second one', () => {
    const store = openMemoryStore({ backend })
    expect(checkedStore(store)).to.equal(store)
  })
})
