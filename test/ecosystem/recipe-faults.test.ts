/** The recipes in bad weather on a real etcd, with real clocks: processes stopped and killed, etcd stopped. */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  connect,
  Keeper,
  LeaderLatch,
  type MetadataStore,
  Mutex,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { contenders, outcomeOf, PATH } from '../support/recipe-bench.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'

const TIMEOUT_MS = 4_000
const WAIT_MS = 40_000

describe('recipes on etcd', function () {
  this.timeout(90_000)
  let etcd: EtcdServer
  const members: { store: MetadataStore; keeper: Keeper; client: ZooKeeper }[] = []
  const children: Child[] = []

  before(async function () {
    requireOrSkip(this, 'etcd')
    etcd = await startEtcd({ binary: etcdProgram() })
  })
  afterEach(async () => {
    etcd.signal('SIGCONT')
    for (const child of children.splice(0)) {
      child.signal('SIGCONT')
      await child.kill()
    }
    for (const { store, keeper, client } of members.splice(0)) {
      await client.close()
      await keeper.close()
      await store.close()
    }
  })
  after(async () => {
    await etcd?.stop()
  })

  async function member(): Promise<ZooKeeper> {
    const store = await openEtcdStore({ hosts: [etcd.host] })
    const keeper = await Keeper.open({ store })
    const client = await connect(keeper, { timeoutMs: TIMEOUT_MS })
    members.push({ store, keeper, client })
    return client
  }

  async function holder(): Promise<{ child: Child; token: number }> {
    const child = spawnChild({
      name: 'holder',
      command: process.execPath,
      args: ['--import', 'tsx', 'test/ecosystem/recipe-holder.ts', `etcd://${etcd.host}`, PATH],
    })
    children.push(child)
    const line = await child.waitForLine(/^token \d+/)
    return { child, token: Number(/token (\d+)/.exec(String(line))?.[1]) }
  }

  const untilEmpty = (client: ZooKeeper): Promise<boolean> =>
    eventually('an empty line', async () => (await contenders(client)).length === 0, WAIT_MS)

  it('a holder whose process was stopped never says that it holds once another does', async () => {
    const { child, token } = await holder()
    const client = await member()
    await child.waitForLine(/^held true/)
    child.signal('SIGSTOP')
    await using held = await new Mutex(client, PATH).acquire({ timeoutMs: WAIT_MS })
    expect(held.token).to.be.greaterThan(token)
    const before = child.output.length
    child.signal('SIGCONT')
    await child.waitForLine(/^lost ZK_SESSION_EXPIRED/)
    await child.waitForLine(/^held false/)
    expect(child.output.slice(before)).to.not.match(/^held true/m)
    expect(held.isHeld).to.equal(true)
    expect(await contenders(client)).to.have.length(1)
  })

  it('a holder whose process was killed is followed', async () => {
    const { child, token } = await holder()
    const client = await member()
    const next = new Mutex(client, PATH).acquire({ timeoutMs: WAIT_MS })
    await eventually('two contenders', async () => (await contenders(client)).length === 2, WAIT_MS)
    await child.kill()
    const held = await next
    expect(held.token).to.be.greaterThan(token)
    await held.release()
    await untilEmpty(client)
  })

  it('while etcd is stopped for longer than the session: lost by the clock, waits settle, nothing stays', async () => {
    const [a, b] = [await member(), await member()]
    const lost: unknown[] = []
    const latch = new LeaderLatch(a, '/latch', { onLost: (reason) => lost.push(reason) })
    const leadership = await latch.waitForLeadership({ timeoutMs: WAIT_MS })
    const held = await new Mutex(a, PATH).acquire()
    const wait = new Mutex(b, PATH).acquire()
    const outcome = outcomeOf(wait)
    await eventually('two contenders', async () => (await contenders(a)).length === 2, WAIT_MS)
    etcd.signal('SIGSTOP')
    await Promise.all(
      [held, leadership].map(({ signal }) =>
        signal.aborted
          ? undefined
          : new Promise((resolve) => {
              signal.onabort = resolve
            }),
      ),
    )
    expect([held.isHeld, latch.isLeader]).to.deep.equal([false, false])
    expect(lost).to.have.length(1)
    await wait.catch(() => {})
    expect(outcome.now).to.equal('ZK_SESSION_EXPIRED')
    await held.release()
    etcd.signal('SIGCONT')
    const c = await member()
    await untilEmpty(c)
    await using again = await new Mutex(c, PATH).acquire({ timeoutMs: WAIT_MS })
    expect(again.token).to.be.greaterThan(held.token)
    await latch.close()
  })

  it('a znode that another deletes is lost, and its candidate stands again', async () => {
    const [a, b] = [await member(), await member()]
    const held = await new Mutex(a, PATH).acquire()
    const latch = new LeaderLatch(a, '/latch')
    const leadership = await latch.waitForLeadership({ timeoutMs: WAIT_MS })
    await b.sync()
    for (const path of [PATH, '/latch']) {
      for (const name of await contenders(b, path)) await b.delete(`${path}/${name}`)
    }
    const second = await eventually(
      'the next leadership',
      async () => {
        const next = await latch.waitForLeadership({ timeoutMs: WAIT_MS })
        return next !== leadership && next
      },
      WAIT_MS,
    )
    expect(second.token).to.be.greaterThan(leadership.token)
    expect([held.isHeld, leadership.isHeld]).to.deep.equal([false, false])
    await latch.close()
    await untilEmpty(b)
    await b.sync()
    expect(await contenders(b, '/latch')).to.deep.equal([])
  })
})
