/**
 * History that went back: whatever the numbers say, a keeper notices it, serves nothing of the two
 * histories together, begins an epoch, and ends the sessions whose clients saw what is lost.
 */
import { expect } from 'chai'
import {
  type ClientState,
  connect,
  decodeHead,
  Keeper,
  type Logger,
  type MetadataStore,
  StoreError,
  type ZooKeeper,
} from '../../lib/internal.ts'
import { type CutStore, cutStore } from '../support/cut-store.ts'
import { eventually as eventuallyOf } from '../support/eventually.ts'
import { faultyStore } from '../support/faulty-store.ts'
import { Probe } from '../support/liveness-bench.ts'
import { Address, type Snapshot } from '../support/switched-store.ts'
import { pictureOf, type TreePicture } from '../support/tree-picture.ts'

interface Member {
  readonly keeper: Keeper
  readonly store: MetadataStore
  readonly errors: string[]
}

const eventually = (check: () => boolean): Promise<boolean> =>
  eventuallyOf(check.toString(), check, 20_000)

const epochOf = (zxid: number): number => Math.floor(zxid / 2 ** 32)

const codeOf = (error: { code: string }): string => error.code

describe('a history that went back', () => {
  let address: Address
  let members: Member[]

  beforeEach(() => {
    address = new Address()
    members = []
  })
  afterEach(async () => {
    for (const { keeper, store } of members) {
      await keeper.close(0)
      await store.close()
    }
  })

  async function start(
    wrap = (store: MetadataStore) => store,
    journalFormatMax: 2 | 3 = 3,
  ): Promise<Member> {
    const errors: string[] = []
    const note = (_fields: object, message: string) => errors.push(message)
    const logger: Logger = { debug() {}, info() {}, warn() {}, error: note }
    const store = wrap(address.handle())
    const keeper = await Keeper.open({
      store,
      logger,
      limits: {
        ...{ historyRetentionMs: 0, freshnessCheckMs: 100, proxyTtlMs: 6_000 },
        journalFormatMax,
      },
    })
    const member = { keeper, store, errors }
    members.push(member)
    return member
  }

  /** Waits until nothing is left in the journal, so that a snapshot is of records alone. */
  async function flushed({ keeper }: Member): Promise<void> {
    await eventually(() => keeper.replica.backlog.size === 0)
  }

  async function states(keeper: Keeper): Promise<{ client: ZooKeeper; seen: ClientState[] }> {
    const seen: ClientState[] = []
    const client = await connect(keeper, { onState: (state) => seen.push(state) })
    return { client, seen }
  }

  /** Sessions of what is lost end meanwhile, and each end is a batch more: some have it before the others. */
  async function picturesAtOneBatch(): Promise<TreePicture[]> {
    const deadline = performance.now() + 20_000
    for (;;) {
      await Promise.all(members.map(({ keeper }) => keeper.sync()))
      const pictures = members.map(({ keeper }) => pictureOf(keeper))
      const isOne = new Set(pictures.map(({ seq }) => seq)).size === 1
      if (isOne || performance.now() > deadline) return pictures
    }
  }

  /** All serve one tree again, and a fresh keeper loads the same. */
  async function expectOneTree(): Promise<void> {
    await eventually(() => members.every(({ keeper }) => keeper.isServing))
    const [first, ...rest] = await picturesAtOneBatch()
    for (const picture of rest) expect(picture).to.deep.equal(first)
    await start()
    const again = await picturesAtOneBatch()
    expect(again.at(-1)?.nodes).to.deep.equal(again[0]?.nodes)
  }

  // How far the new history gets before the keepers of the old one look at it.
  const ways: [title: string, writesOfOthers: number, bumped: boolean][] = [
    ['shorter than the one that was served', 0, false],
    ['as long as the one that was served', 5, false],
    ['longer than the one that was served', 40, false],
    ['with its revisions bumped and compacted', 0, true],
    ['bumped, and longer than the one that was served', 40, true],
  ]
  for (const [title, writesOfOthers, bumped] of ways) {
    it(`${title}: nothing is grafted on it, an epoch begins`, async () => {
      const one = await start()
      const two = await start()
      const a = await states(one.keeper)
      const b = await states(two.keeper)
      await a.client.create('/kept', Buffer.from('kept'))
      await flushed(one)
      const snapshot = await address.snapshot()
      for (let i = 0; i < 5; i++) await a.client.create(`/lost-${i}`, Buffer.from('lost'))
      await b.client.sync()
      const { zxid } = one.keeper.replica
      await address.restore(snapshot, bumped)
      // Somebody who has never seen the lost history writes a while into the new one.
      const stranger = await start()
      let c = await connect(stranger.keeper)
      for (let i = 0; i < writesOfOthers; i++) {
        const created = () => c.create(`/new-${i}`, Buffer.from('new')).then(() => '', codeOf)
        // An epoch that begins meanwhile disconnects everybody.
        for (let code = await created(); code !== ''; code = await created()) {
          if (code === 'ZK_NODE_EXISTS') break
          expect(code).to.equal('ZK_CONNECTION_LOSS')
          c = await connect(stranger.keeper)
        }
      }
      // A write that is acknowledged now must be in the new history.
      const acked: string[] = []
      for (const client of [a.client, b.client]) {
        for (let i = 0; i < 3; i++) {
          const path = `/after-${client.sessionId.toString(16)}-${i}`
          await client.create(path, null).then(
            () => acked.push(path),
            () => {},
          )
        }
      }
      await eventually(() => a.seen.includes('lost') && b.seen.includes('lost'))
      await expectOneTree()
      const { tree } = one.keeper.replica
      expect(tree.has('/kept')).to.equal(true)
      for (let i = 0; i < 5; i++) expect(tree.has(`/lost-${i}`)).to.equal(false)
      for (let i = 0; i < writesOfOthers; i++) expect(tree.has(`/new-${i}`)).to.equal(true)
      for (const path of acked) expect(tree.has(path), path).to.equal(true)
      expect(epochOf(one.keeper.replica.zxid)).to.be.above(epochOf(zxid))
      expect(one.keeper.historyLossCount + two.keeper.historyLossCount).to.be.at.least(2)
      expect(one.errors.join()).to.include('the history in the store is not the one')
    })
  }

  it('of format 2, and longer: who reads its journal notices it, although no entry says what it follows', async () => {
    let cut!: CutStore
    const one = await start((store) => {
      cut = cutStore(store)
      return cut
    }, 2)
    const client = await connect(one.keeper)
    await client.create('/kept', Buffer.from('kept'))
    await flushed(one)
    const snapshot = await address.snapshot()
    for (let i = 0; i < 5; i++) await client.create(`/lost-${i}`, Buffer.from('lost'))
    cut.cut()
    cut.cutFeed()
    await address.restore(snapshot)
    const stranger = await connect((await start(undefined, 2)).keeper)
    for (let i = 0; i < 20; i++) await stranger.create(`/new-${i}`, Buffer.from('new'))
    cut.mend()
    await eventually(() => one.keeper.historyLossCount === 1)
    cut.mendFeed()
    await expectOneTree()
    for (let i = 0; i < 5; i++) expect(one.keeper.replica.tree.has(`/lost-${i}`)).to.equal(false)
  })

  it('twice before an epoch has begun: the epoch is above all that was served', async () => {
    let refusal: StoreError | undefined
    const { keeper } = await start((inner) => {
      const store = faultyStore(inner)
      store.beforeTxn = () => {
        if (refusal !== undefined) throw refusal
      }
      return store
    })
    const first = await connect(keeper)
    const older = await address.snapshot()
    await first.create('/kept', null)
    await eventually(() => keeper.replica.backlog.size === 0)
    const newer = await address.snapshot()
    await first.create('/lost', null)
    await address.restore(newer)
    await eventually(() => keeper.isServing && epochOf(keeper.replica.zxid) > 0)
    const served = epochOf(keeper.replica.zxid)
    // An epoch was served. Now it is lost, and what was loaded instead is lost before another begins.
    refusal = new StoreError('STORE_UNAVAILABLE', 'refused', { outcome: 'unapplied' })
    await address.restore(newer)
    await eventually(() => epochOf(keeper.replica.zxid) === 0)
    await address.restore(older)
    await eventually(() => !keeper.replica.tree.has('/kept'))
    refusal = undefined
    await eventually(() => keeper.isServing)
    expect(epochOf(keeper.replica.zxid)).to.be.above(served)
    expect(keeper.historyLossCount).to.equal(2)
  })

  it('a client that saw nothing of what is lost keeps its session', async () => {
    const one = await start()
    const early = await states(one.keeper)
    await early.client.create('/mine', null, { mode: 'ephemeral' })
    await flushed(one)
    const snapshot = await address.snapshot()
    const late = await states(one.keeper)
    await late.client.create('/lost')
    await address.restore(snapshot)
    await eventually(() => late.seen.includes('lost') && early.seen.includes('connected'))
    expect(early.seen).to.deep.equal(['suspended', 'connected'])
    expect(one.keeper.replica.tree.get('/mine')?.ephemeralOwner).to.equal(early.client.sessionId)
    await expectOneTree()
  })

  it('a client that saw what is lost leaves a keeper that had not served it, once the epoch has begun', async () => {
    let refusal: StoreError | undefined
    const one = await start((inner) => {
      const store = faultyStore(inner)
      store.beforeTxn = () => {
        if (refusal !== undefined) throw refusal
      }
      return store
    })
    const { session, password } = await one.keeper.sessions.open(30_000, new Probe(), [])
    const writer = await connect(one.keeper)
    await flushed(one)
    const snapshot = await address.snapshot()
    for (let i = 0; i < 5; i++) await writer.create(`/lost-${i}`)
    const lastZxidSeen = one.keeper.replica.zxid
    // Who has served what is lost cannot begin an epoch yet.
    refusal = new StoreError('STORE_UNAVAILABLE', 'refused', { outcome: 'unapplied' })
    await address.restore(snapshot)
    const stranger = await start()
    const other = await connect(stranger.keeper)
    for (let i = 0; i < 20; i++) await other.create(`/new-${i}`)
    expect(stranger.keeper.replica.zxid).to.be.above(lastZxidSeen)
    const probe = new Probe()
    const resume = (sink: Probe) =>
      stranger.keeper.sessions.resume(session.id, password, sink, [], { lastZxidSeen })
    // Nothing tells the stranger that this zxid is of another history.
    expect(await resume(probe)).to.not.equal(undefined)
    expect(probe.endReason).to.equal(undefined)
    refusal = undefined
    await eventually(() => epochOf(stranger.keeper.replica.zxid) > 0)
    expect(probe.endReason).to.equal('suspended')
    expect(await resume(new Probe())).to.equal(undefined)
    await eventually(() => !stranger.keeper.replica.sessions.has(session.id))
  })

  it('is not served while head, or the whole tree, is gone', async () => {
    for (const left of [(_: string) => false, (key: string) => !key.endsWith('/head')]) {
      const one = await start()
      const { client, seen } = await states(one.keeper)
      const path = `/there-${client.sessionId}`
      await client.create(path, Buffer.from('x'))
      await flushed(one)
      const whole = await address.snapshot()
      const kvs = whole.kvs.filter(({ key }) => left(Buffer.from(key).toString()))
      await address.restore({ kvs })
      await eventually(() => !one.keeper.isServing)
      await eventually(() => one.errors.length > 0)
      expect(seen).to.include('suspended')
      // It does not begin an empty tree, and serves again when its own is back.
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(one.keeper.isServing).to.equal(false)
      const { kvs: now } = await address.snapshot()
      expect(now).to.have.length(kvs.length)
      await address.restore(whole)
      await eventually(() => one.keeper.isServing)
      expect(one.keeper.replica.tree.has(path)).to.equal(true)
      await one.keeper.close(0)
      await one.store.close()
      members.splice(members.indexOf(one), 1)
    }
  })

  const damages: [what: string, gone: RegExp, message: RegExp][] = [
    [
      'a znode’s record',
      /\/n\/a2\/kept\/b$/,
      /the tree is not the one that head names: 6 znodes, 7/,
    ],
    ['a child record', /\/c\/a1\/kept$/, /the tree is not the one that head names/],
    ['head', /\/head$/, /head is missing, but there are 3 records/],
  ]
  for (const [what, gone, message] of damages) {
    it(`does not start where ${what} is missing, unless it is told to`, async () => {
      const one = await start()
      const client = await connect(one.keeper)
      await client.create('/kept')
      await client.create('/kept/a')
      await client.create('/kept/b')
      await client.close()
      await flushed(one)
      await one.keeper.close()
      members.length = 0
      const { kvs } = await address.snapshot()
      const damaged: Snapshot = {
        kvs: kvs.filter(({ key }) => !gone.test(String(Buffer.from(key)))),
      }
      expect(damaged.kvs).to.have.length(kvs.length - 1)
      await address.restore(damaged)
      const error = await start().catch((e: unknown) => e)
      expect(error).to.be.instanceOf(Error).with.property('message').that.matches(message)
      const store = address.handle()
      const keeper = await Keeper.open({ store, acceptDamagedTree: true })
      members.push({ keeper, store, errors: [] })
      expect(keeper.replica.tree.has('/kept/a')).to.equal(true)
    })
  }

  it('does not start on a journal whose entries do not belong together', async () => {
    const one = await start()
    const client = await connect(one.keeper)
    await client.create('/a')
    await flushed(one)
    const before = await address.snapshot()
    await client.create('/b', Buffer.from('one history'))
    const ours = await address.snapshot()
    await one.keeper.close(0)
    members.length = 0
    await address.restore(before)
    const two = await start()
    const other = await connect(two.keeper)
    await other.create('/b', Buffer.from('another history'))
    const theirs = await address.snapshot()
    await two.keeper.close(0)
    members.length = 0
    // The journal of one, head of the other.
    const isHead = ({ key }: { key: Uint8Array }) => Buffer.from(key).toString().endsWith('/head')
    const head = theirs.kvs.find(isHead)!
    const mixed = [...ours.kvs.filter((kv) => !isHead(kv)), head]
    const { seq } = decodeHead(head.value)
    expect(seq).to.be.above(0)
    await address.restore({ kvs: mixed })
    const error = await start().catch((e: unknown) => e)
    expect(error).to.be.instanceOf(Error).with.property('code', 'STORE_INTERNAL')
  })
})
