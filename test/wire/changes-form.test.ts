/** The change feed's requests as no client of ours sends them: in flight twice, without a begin, beyond the bounds. */
import { expect } from 'chai'
import { digestOf } from '../../lib/index.ts'
import { frameOf } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import {
  CHANGES_OP,
  type ChangesPage,
  type ChangesPageRequest,
  readChangesPage,
  writeChangesRequest,
} from '../../lib/protocol/record/changes.ts'
import { eventually as eventuallyOf } from '../support/eventually.ts'
import { FeedWriter } from '../support/feed-writer.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'

const SUPER = 'super:secret'
const BAD_ARGUMENTS = -8
const eventually = (what: string, check: () => boolean) => eventuallyOf(what, check, 20_000)
const DEFAULTS: ChangesPageRequest = {
  ...{ begins: false, from: '', prefix: '/', withoutData: false, withSessions: false },
  ...{ bytesMax: 1_000_000, waitMs: 10_000 },
}

describe('the form of the change feed', () => {
  let bench: WireBench
  let served: Served
  let writer: FeedWriter
  let client: RawClient
  beforeEach(async () => {
    bench = new WireBench()
    const keeper = { superDigest: digestOf(Buffer.from(SUPER)) as string }
    served = await bench.serve({ keeper, limits: { changesLagTxnsMax: 50 } })
    writer = await FeedWriter.open(served.keeper)
    client = await bench.connect(served)
    await client.auth('digest', SUPER)
  })
  afterEach(() => bench.close())

  const send = (request: Partial<ChangesPageRequest>) => {
    const bytes = frameOf((out) => writeChangesRequest(out, { ...DEFAULTS, ...request }))
    return client.sendRecord(CHANGES_OP, bytes)
  }
  async function page(request: Partial<ChangesPageRequest> = {}): Promise<ChangesPage> {
    const { err, record } = await send(request)
    expect(err).to.equal(0)
    return readChangesPage(JuteReader.of((record as { rest: Buffer }).rest))
  }
  /** Up to the end of the snapshot. */
  async function begin(): Promise<string> {
    let begins = true
    for (;;) {
      const { records } = await page({ begins })
      const last = records.at(-1)
      if (last?.kind === 'live') return last.position
      begins = false
    }
  }

  it('one request is in flight, and the first one begins', async () => {
    expect(await send({})).to.include({ err: BAD_ARGUMENTS })
    await begin()
    const waiting = page()
    expect(await send({}), 'a second one').to.include({ err: BAD_ARGUMENTS })
    await writer.create('/a')
    expect((await waiting).records.map(({ kind }) => kind)).to.deep.equal(['change'])
    expect(await send({ begins: true, prefix: 'a' })).to.include({ err: BAD_ARGUMENTS })
    expect(await send({ begins: true, from: 'x' })).to.include({ err: BAD_ARGUMENTS })
    expect(await send({}), 'that began none').to.include({ err: BAD_ARGUMENTS })
    expect(served.keeper.changeLog.openCount).to.equal(0)
  })

  it('a page has the bytes that it may have, and one record at least', async () => {
    const from = await begin()
    for (let i = 0; i < 30; i++) await writer.create(`/n${i}`, 'x'.repeat(1_000))
    for (const bytesMax of [0, -1, 1]) {
      expect((await page({ begins: true, from, bytesMax })).records).to.have.length(1)
    }
    const { records } = await page({ bytesMax: 5_000 })
    expect(records.length).to.be.within(4, 5)
    expect((await page({ bytesMax: 2 ** 31 - 1 })).records).to.have.length(29 - records.length)
  })

  it('a page is empty when nothing comes in its time', async () => {
    await begin()
    expect(await page({ waitMs: 0 })).to.deep.equal({ records: [], end: undefined })
    expect(await page({ waitMs: -5 })).to.deep.equal({ records: [], end: undefined })
    await writer.create('/a')
    expect((await page({ waitMs: 10_000 })).records).to.have.length(1)
  })

  it('what was read before the end of a feed comes with it, and nothing behind it', async () => {
    const from = await begin()
    await writer.create('/a')
    // One is read ahead of the next request.
    expect((await page({ begins: true, from })).records).to.have.length(1)
    await page({ waitMs: 0 })
    for (let i = 0; i < 100; i++) await writer.set('/a', `${i}`)
    const { records, end } = await page()
    const [record] = records
    expect(records).to.have.length(1)
    expect(end).to.include({ code: 'CHANGES_SLOW' })
    expect(record).to.include({ kind: 'change', position: end!.position })
    expect(await send({})).to.include({ err: BAD_ARGUMENTS })
    const rest = await page({ begins: true, from: end!.position! })
    expect(rest.records.length).to.be.above(50)
  })

  it('ends with its connection, also while a page is awaited', async () => {
    await begin()
    void send({})
    await eventually('it is open', () => served.keeper.changeLog.openCount === 1)
    client.destroy()
    await eventually('it is not', () => served.keeper.changeLog.openCount === 0)
  })

  it('leaves nothing behind of a snapshot that is not read to its end', async () => {
    await Promise.all(Array.from({ length: 3_000 }, (_, i) => writer.create(`/n${i}`)))
    const { tree } = served.keeper.replica
    await page({ begins: true })
    expect(tree.onChanging).to.be.a('function')
    await page({ begins: true, from: await begin(), waitMs: 0 })
    await eventually('another one took its place', () => tree.onChanging === undefined)
    await page({ begins: true })
    expect(tree.onChanging).to.be.a('function')
    client.destroy()
    await eventually('its connection ended', () => tree.onChanging === undefined)
    expect(served.keeper.changeLog.openCount).to.equal(0)
  })

  it('a record that is no request of it ends the connection', async () => {
    void client.sendRecord(CHANGES_OP, Buffer.of(1))
    await eventually('it is disconnected', () => client.closed)
    expect(served.proxy.stats.malformedDropped).to.equal(1)
  })
})
