/** Imports on a store that fails, is filled, or is shared with somebody. */
import { expect } from 'chai'
import {
  abandonImport,
  CopyError,
  type CopyErrorCode,
  checkTree,
  connect,
  type ImportOptions,
  type ImportResult,
  importTree,
  Keeper,
  type MetadataStore,
  readTree,
  StoreError,
} from '../../../../lib/index.ts'
import type { Fault } from '../../../support/faulty-store.ts'
import { pictureOf } from '../../../support/tree-picture.ts'
import {
  chunks,
  exported,
  hastyClock,
  keysOf,
  type SourceTree,
  sourceTree,
  target,
} from '../copy/bench.ts'

/** Few records a step, so that there are many steps. */
const SMALL = { txnOpsMax: 8 }
const UNFINISHED = /import into \/anykeeper was begun and is not finished/

describe('copy/import', () => {
  let source: SourceTree

  before(async () => {
    source = await sourceTree()
  })

  function importInto(store: MetadataStore, more: Partial<ImportOptions> = {}) {
    return importTree({ store, input: chunks(source.lines), clock: hastyClock(), ...more })
  }

  /** The lines up to `line`, then the input breaks off. */
  function* brokenAfter(line: number): Generator<Uint8Array> {
    yield* chunks(source.lines.slice(0, line))
    throw new Error('killed')
  }

  async function interrupt(store: MetadataStore, line = source.lines.length - 5): Promise<void> {
    const error = await importInto(store, { input: brokenAfter(line) }).catch((e: Error) => e)
    expect(String(error)).to.contain('killed')
  }

  async function refusal(promise: Promise<unknown>, code: CopyErrorCode): Promise<CopyError> {
    const error = await promise.then(
      () => new Error('it was not refused'),
      (reason: Error) => reason,
    )
    if (!(error instanceof CopyError)) throw error
    expect(error.code, error.message).to.equal(code)
    return error
  }

  const refusedToServe = async (store: MetadataStore) =>
    expect(String(await Keeper.open({ store }).catch((e: Error) => e))).to.match(UNFINISHED)

  it('the target holds the same, and a keeper has the same tree', async () => {
    const store = target(SMALL)
    const seen: number[] = []
    const result = await importInto(store, { onProgress: ({ znodes }) => seen.push(znodes) })
    expect(await exported(store)).to.equal(source.text)
    expect(result).to.include({ resumedAfterLine: 0, wasThere: false, sessions: 3 })
    expect(result).to.deep.include(await checkTree(chunks(source.lines)))
    expect(seen.length).to.be.above(5)
    expect([...seen].sort((a, b) => a - b)).to.deep.equal(seen)
    expect(seen.at(-1)).to.equal(result.znodes)
    const [one, two] = await Promise.all([
      Keeper.open({ store: source.store }),
      Keeper.open({ store }),
    ])
    try {
      const [before, after] = [pictureOf(one), pictureOf(two)]
      expect(after.nodes).to.deep.equal(before.nodes)
      expect(after.zxid).to.equal(before.zxid)
      const owned = (after.sessions as { owner: string; fence: number }[]).map((s) => s.owner)
      expect(owned).to.deep.equal(['import', 'import', 'import'])
      const client = await connect(two, { timeoutMs: 10_000 })
      const made = await client.create('/app/n0/s-', null, { mode: 'persistent-sequential' })
      expect(made.path, 'the deleted one is counted').to.equal('/app/n0/s-0000000020')
    } finally {
      await one.close()
      await two.close()
    }
  })

  it('what no server has changed has no record, as in a tree that grew there', async () => {
    const store = target()
    await importInto(store)
    const keys = await keysOf(store)
    expect(keys.filter((key) => key.includes('/n/') && key.includes('zookeeper'))).to.deep.equal([])
    expect(keys).to.include('/anykeeper/head').and.not.include('/anykeeper/import')
  })

  for (const fault of ['before', 'after', 'refused'] satisfies Fault[]) {
    it(`a fault at any step, ${fault}: found out and gone on`, async () => {
      const counter = target(SMALL)
      await importInto(counter)
      expect(counter.txnCount).to.be.at.least(10)
      for (let step = 0; step < counter.txnCount; step++) {
        const store = target(SMALL)
        store.beforeTxn = () => {
          if (store.txnCount === step + 1) store.faults.push(fault)
        }
        const result = await importInto(store)
        expect(result.wasThere).to.equal(false)
        const sent = counter.txnCount + (fault === 'after' ? 0 : 1)
        expect(store.txnCount, `fault at step ${step}`).to.equal(sent)
        expect(await exported(store)).to.equal(source.text)
      }
    })
  }

  it('a request that is applied only after it was sent again changes nothing', async () => {
    const store = target(SMALL)
    const { txn } = store
    let late: (() => Promise<unknown>) | undefined
    let delayed = 0
    store.txn = async function (this: typeof store, request) {
      if (delayed++ % 3 === 0) {
        late = () => txn.call(store, request)
        throw new StoreError('STORE_TIMEOUT', 'lost, but on its way', { outcome: 'unknown' })
      }
      await late?.()
      late = undefined
      return txn.call(store, request)
    }
    await importInto(store)
    expect(await exported(store)).to.equal(source.text)
  })

  it('cut off after any line: nothing is served, and the same file goes on', async () => {
    for (let line = 1; line < source.lines.length; line += 2) {
      const store = target(SMALL)
      await interrupt(store, line)
      if (line === 1) expect(await keysOf(store), 'only a header came').to.deep.equal([])
      else {
        await refusedToServe(store)
        expect(String(await exported(store).catch((e: Error) => e))).to.match(UNFINISHED)
      }
      const result = await importInto(store)
      expect(result.resumedAfterLine).to.be.within(line === 1 ? 0 : 1, line)
      expect(await exported(store)).to.equal(source.text)
    }
  })

  it('cut off again and again: each run goes on where the last one was', async () => {
    const store = target(SMALL)
    let runs = 0
    for (let line = 10; line < source.lines.length; line += 10, runs++) {
      await interrupt(store, line)
    }
    const seen: number[] = []
    const result = await importInto(store, { onProgress: ({ znodes }) => seen.push(znodes) })
    expect(runs).to.be.above(3)
    expect(result.resumedAfterLine).to.be.above(30)
    expect(seen[0], 'progress counts what was there').to.be.above(25)
    expect(await exported(store)).to.equal(source.text)
  })

  it('another file is refused, and the begun import can still be finished', async () => {
    const store = target(SMALL)
    await interrupt(store)
    const other = await sourceTree()
    const short = await readTree({ store: source.store, path: '/other' })
    for (const lines of [other.lines, [...short]]) {
      const input = chunks(lines)
      const { message } = await refusal(importInto(store, { input }), 'COPY_CONFLICT')
      expect(message).to.match(/import of another file was begun here and has come to its line/)
    }
    expect((await importInto(store)).resumedAfterLine).to.be.above(10)
    expect(await exported(store)).to.equal(source.text)
  })

  it('a damaged file: refused with its line, nothing is visible, the good one needs --abandon', async () => {
    const store = target(SMALL)
    const lines = source.lines.toSpliced(30, 1, source.lines[30]!.replace('"ctime":1', '"ctime":2'))
    const error = await refusal(importInto(store, { input: chunks(lines) }), 'COPY_MALFORMED')
    expect(error.line).to.equal(lines.length)
    await refusedToServe(store)
    await refusal(importInto(store), 'COPY_CONFLICT')
    expect(await abandonImport({ store })).to.be.above(30)
    await importInto(store)
    expect(await exported(store)).to.equal(source.text)
  })

  it('run again after it was complete: it says so; not once a proxy has written', async () => {
    const store = target(SMALL)
    const first = await importInto(store)
    const again = await importInto(store)
    expect(again).to.deep.equal({ ...first, wasThere: true })
    const other = await sourceTree()
    await refusal(importInto(store, { input: chunks(other.lines) }), 'COPY_NOT_EMPTY')
    const keeper = await Keeper.open({ store })
    await connect(keeper, { timeoutMs: 10_000 })
    await keeper.close()
    const error = await refusal(importInto(store), 'COPY_NOT_EMPTY')
    expect(error.message).to.match(/there is a tree below \/anykeeper already/)
  })

  it('keys of somebody else below the prefix: refused', async () => {
    for (const room of ['n/a1/x', 'c/a1/x', 's/00', 'j/0000000000000001']) {
      const store = target()
      const put = {
        type: 'put',
        key: Buffer.from(`/anykeeper/${room}`),
        value: Buffer.of(),
      } as const
      await store.txn({ compares: [], ops: [put] })
      const error = await refusal(importInto(store), 'COPY_NOT_EMPTY')
      expect(error.message).to.contain(`keys below /anykeeper/${room[0]}/ already`)
      expect(await keysOf(store)).to.have.length(1)
    }
  })

  it('a proxy on the empty prefix: refused; gone, it is taken', async () => {
    const store = target()
    const keeper = await Keeper.open({ store: target({}, store.backend) })
    const error = await refusal(importInto(store), 'COPY_NOT_EMPTY')
    expect(error.message).to.match(/a proxy serves \/anykeeper/)
    await keeper.close()
    await importInto(store)
    expect(await exported(store)).to.equal(source.text)
  })

  it('a proxy that starts while the import begins: one of the two gives way', async () => {
    // Before the mark is set, after the import looked for proxies.
    const store = target()
    let keeper: Keeper | undefined
    store.beforeTxn = async () => {
      keeper ??= await Keeper.open({ store: target({}, store.backend) })
    }
    await refusal(importInto(store), 'COPY_NOT_EMPTY')
    expect(await keysOf(store), 'the mark is gone').to.not.include('/anykeeper/import')
    const client = await connect(keeper!, { timeoutMs: 10_000 })
    await client.create('/served', null)
    await keeper!.close()
    // After the proxy loaded an empty tree, before it said that it lives.
    const other = target()
    other.beforeTxn = async () => {
      other.beforeTxn = undefined
      await interrupt(target(SMALL, other.backend))
    }
    await refusedToServe(other)
    expect((await keysOf(other)).filter((key) => key.includes('/p/'))).to.deep.equal([])
    await importInto(other)
    expect(await exported(other)).to.equal(source.text)
  })

  it('two imports at once: the steps of one, the other is told', async () => {
    const store = target(SMALL)
    let second: Promise<ImportResult> | undefined
    store.beforeTxn = () => {
      if (store.txnCount === 6) second = importInto(target(SMALL, store.backend))
      return second?.then(() => {})
    }
    const error = await refusal(importInto(store), 'COPY_CONFLICT')
    expect(error.message).to.match(/another process has completed it/)
    expect((await second!).resumedAfterLine).to.be.above(1)
    expect(await exported(store)).to.equal(source.text)
  })

  it('two imports that begin at once: the steps of one, the other is told', async () => {
    const store = target(SMALL)
    const twins = await Promise.allSettled([
      importInto(store),
      importInto(target(SMALL, store.backend)),
    ])
    const [lost] = twins.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(twins.filter(({ status }) => status === 'fulfilled')).to.have.length(1)
    await refusal(Promise.reject(lost!.reason), 'COPY_CONFLICT')
    expect(await exported(store)).to.equal(source.text)
  })

  describe('what is larger than the store takes', () => {
    it('is told before anything is written, by the header', async () => {
      const store = target({ valueBytesMax: 150 })
      const error = await refusal(importInto(store), 'COPY_TOO_LARGE')
      expect(error.message).to.match(/line 1: \/app\/n19 has 190 bytes of data: .* 150 bytes/)
      expect(await keysOf(store)).to.deep.equal([])
    })

    it('with its header, is told with its line; a file is checked before', async () => {
      const store = target({ ...SMALL, valueBytesMax: 200 })
      const error = await refusal(importInto(store), 'COPY_TOO_LARGE')
      expect(error.message).to.match(/^line \d+: \/app\/n1[0-9] has 1[0-9]0 bytes of data/)
      expect(source.lines[error.line! - 1]).to.contain(/\/app\/n\d+/.exec(error.message)![0])
      const checked = await refusal(checkTree(chunks(source.lines), { store }), 'COPY_TOO_LARGE')
      expect(checked.message).to.equal(error.message)
    })

    it('one that fills a transaction is a step of its own', async () => {
      const store = target({ txnBytesMax: 1_500, valueBytesMax: 400 })
      await importInto(store)
      expect(store.txnCount).to.be.above(20)
      expect(await exported(store)).to.equal(source.text)
    })
  })

  describe('a store that goes on failing', () => {
    it('is asked for half a minute, then the import can be taken up', async () => {
      const store = target(SMALL)
      store.beforeTxn = () => {
        if (store.txnCount > 5) throw new StoreError('STORE_UNAVAILABLE', 'gone')
      }
      const clock = hastyClock()
      const error = await importInto(store, { clock }).catch((e: Error) => e)
      expect(error).to.be.instanceOf(StoreError).with.property('message', 'gone')
      expect(clock.monotonic()).to.be.within(25_000, 31_000)
      store.beforeTxn = undefined
      expect((await importInto(store)).resumedAfterLine).to.be.above(1)
      expect(await exported(store)).to.equal(source.text)
    })

    it('without hope ends it at once, unless the step was applied after all', async () => {
      const store = target(SMALL)
      const { txn } = store
      store.txn = async function (this: typeof store, request) {
        const { txnCount } = store
        if (txnCount === 5) await txn.call(store, request)
        else if (txnCount !== 8) return txn.call(store, request)
        throw new StoreError('STORE_NO_SPACE', 'full', { outcome: 'unknown' })
      }
      const error = await importInto(store).catch((e: Error) => e)
      expect(String(error)).to.contain('full')
      expect(store.txnCount, 'not sent again').to.equal(8)
    })
  })

  describe('abandoned', () => {
    it('the prefix is empty, and the running import ends', async () => {
      const store = target(SMALL)
      let removed: number | undefined
      store.beforeTxn = async () => {
        if (store.txnCount !== 8) return
        removed = await abandonImport({ store: target(SMALL, store.backend), clock: hastyClock() })
      }
      const error = await refusal(importInto(store), 'COPY_CONFLICT')
      expect(error.message).to.match(/another process has abandoned it/)
      expect(removed).to.be.above(10)
      expect(await keysOf(store)).to.deep.equal([])
      expect(await abandonImport({ store })).to.equal(undefined)
    })

    it('interrupted, it must be ended before another import', async () => {
      const store = target(SMALL)
      await interrupt(store)
      const before = store.txnCount
      store.beforeTxn = () => {
        if (store.txnCount === before + 3) throw new Error('killed')
      }
      expect(String(await abandonImport({ store }).catch((e: Error) => e))).to.contain('killed')
      store.beforeTxn = undefined
      await refusedToServe(store)
      expect((await refusal(importInto(store), 'COPY_CONFLICT')).message).to.match(
        /--abandon again/,
      )
      expect(await abandonImport({ store })).to.be.above(0)
      expect(await keysOf(store)).to.deep.equal([])
    })

    for (const fault of ['before', 'after'] satisfies Fault[]) {
      it(`a fault at any step, ${fault}: all is removed`, async () => {
        for (let step = 0; step < 5; step++) {
          const store = target(SMALL)
          await interrupt(store)
          const begun = store.txnCount
          store.beforeTxn = () => {
            if (store.txnCount === begun + step + 1) store.faults.push(fault)
          }
          await abandonImport({ store, clock: hastyClock() })
          expect(await keysOf(store), `fault at step ${step}`).to.deep.equal([])
        }
      })
    }

    it('a complete tree is left alone', async () => {
      const store = target()
      await importInto(store)
      expect(await abandonImport({ store })).to.equal(undefined)
      expect(await exported(store)).to.equal(source.text)
    })
  })
})
