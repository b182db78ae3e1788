/** A small etcd written faster than its history is given up: nothing is refused, and what ends sessions has room. */
import { expect } from 'chai'
import type { Context } from 'mocha'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { RawClient } from '../support/raw-client.ts'

const QUOTA_BYTES = 32 * 2 ** 20
const SYSTEM_ERROR = -1

describe('operations/etcd room', function () {
  // What is written a busy machine writes in minutes.
  this.timeout(300_000)
  let etcd: EtcdServer
  let server: AnykeeperProcess
  const ends: (() => void | Promise<void>)[] = []

  before(function (this: Context) {
    requireEtcd(this)
  })
  beforeEach(async () => {
    etcd = await startEtcd({
      flags: ['--unsafe-no-fsync', `--quota-backend-bytes=${QUOTA_BYTES}`],
    })
    ends.push(() => etcd.stop())
    server = await startAnykeeper({ store: `etcd://${etcd.host}`, args: ['--space-check=200'] })
    ends.push(() => server.kill())
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function connected(): Promise<RawClient> {
    const client = await RawClient.connect({ port: server.port, timeoutMs: 20_000 })
    // Pings alone keep no group open.
    const alive = setInterval(() => client.ping(), 1_000).unref()
    ends.push(() => {
      clearInterval(alive)
      client.destroy()
    })
    return client
  }
  const metric = async (name: string): Promise<number> =>
    Number(
      new RegExp(`^zk_anykeeper_${name}\t(\\d+)$`, 'm').exec(
        await server.fourLetterWord('mntr'),
      )?.[1],
    )
  const closeOf = async (client: RawClient): Promise<number> => (await client.send(-11, {})).err
  const errorsOf = async (answers: Promise<{ err: number }>[]): Promise<number[]> => [
    ...new Set((await Promise.all(answers)).map(({ err }) => err)),
  ]

  /** Small writes of another client, until `done`: none is refused. */
  async function beside(work: () => Promise<void>): Promise<number> {
    const client = await connected()
    await client.create('/beside')
    let isDone = false
    const working = work().finally(() => {
      isDone = true
    })
    let count = 0
    const writing = async (): Promise<void> => {
      for (; !isDone; count++) {
        expect((await client.setData('/beside', `${count}`)).err).to.equal(0)
      }
    }
    // Together: the failure of one is the test's, and what the other one rejects with later is nobody's.
    await Promise.all([working, writing()])
    expect(await closeOf(client)).to.equal(0)
    return count
  }
  async function expectRoom(): Promise<void> {
    expect(await metric('writes_refused_no_space')).to.equal(0)
    expect(await metric('store_alarm')).to.equal(0)
    expect(await metric('outages')).to.equal(0)
    expect(await metric('resyncs')).to.equal(0)
  }

  /** One round of pipelined requests of a client, some 20 MB. */
  const shapes: Record<string, (client: RawClient, round: number) => Promise<{ err: number }>[]> = {
    'one znode of 1 MB': (client, round) =>
      Array.from({ length: 20 }, () => client.setData('/a', Buffer.alloc(1_000_000, round))),
    'a hundred znodes of 100 KB': (client, round) =>
      Array.from({ length: 200 }, (_, i) =>
        client.setData(`/a/${i % 100}`, Buffer.alloc(100_000, round)),
      ),
    'creates and deletes': (client, round) =>
      Array.from({ length: 200 }, (_, i) => {
        const path = `/a/new${i % 2}`
        return i % 4 < 2
          ? client.create(path, { data: Buffer.alloc(200_000, round) })
          : client.delete(path)
      }),
    'multis of ten': (client, round) =>
      Array.from({ length: 40 }, (_, i) =>
        client.multi(
          Array.from({ length: 10 }, (_, at) => {
            const data = Buffer.alloc(50_000, round).toString()
            return { op: 5, path: `/a/${(10 * i + at) % 100}`, data, version: -1 }
          }),
        ),
      ),
  }
  for (const [what, round] of Object.entries(shapes)) {
    it(`${what}, pipelined until the quota was written three times: none is refused`, async () => {
      const client = await connected()
      await client.create('/a')
      await errorsOf(Array.from({ length: 100 }, (_, i) => client.create(`/a/${i}`)))
      const count = await beside(async () => {
        for (let i = 0; i < Math.ceil((3 * QUOTA_BYTES) / 20_000_000); i++) {
          expect(await errorsOf(round(client, i))).to.deep.equal([0])
        }
      })
      expect(count).to.be.at.least(10)
      expect(await closeOf(client)).to.equal(0)
      await expectRoom()
      expect(await metric('writes_waited_for_space')).to.be.at.least(1)
      expect(server.child.output).not.to.match(/is full|lack of space/)
    })
  }

  it('filled by its clients: what they create is refused, and there is room for all that frees', async () => {
    const client = await connected()
    const owner = await connected()
    const data = Buffer.alloc(20_000, 1)
    expect((await owner.create('/ephemeral', { data, flags: 1 })).err).to.equal(0)
    const kept: string[] = []
    let err = 0
    for (let i = 0; err === 0; i++) {
      err = (await client.create(`/n${i}`, { data })).err
      if (err === 0) kept.push(`/n${i}`)
    }
    expect(err).to.equal(SYSTEM_ERROR)
    expect(kept).to.have.length.above((0.5 * QUOTA_BYTES) / data.length)
    expect(await metric('store_alarm')).to.equal(0)
    expect(await metric('writes_refused_no_space')).to.be.at.least(1)
    expect((await client.create('/small', { data: 'x' })).err).to.equal(0)
    expect(await closeOf(owner)).to.equal(0)
    expect((await client.exists('/ephemeral')).err).to.equal(-101)
    expect(await errorsOf(kept.map((path) => client.delete(path)))).to.deep.equal([0])
    const again = kept.slice(50).map((path) => client.create(path, { data }))
    expect(await errorsOf(again)).to.deep.equal([0])
    expect(await closeOf(client)).to.equal(0)
    expect(await metric('store_alarm')).to.equal(0)
    expect(await metric('store_full')).to.equal(0)
  })
})
