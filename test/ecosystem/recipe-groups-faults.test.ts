/** LeaderSelector, GroupMember and LockingQueue in bad weather on a real etcd, with real clocks: processes stopped and killed. */
import { expect } from 'chai'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import {
  connect,
  GroupMember,
  Keeper,
  LeaderSelector,
  LockingQueue,
  type MetadataStore,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'

const WAIT_MS = 40_000

describe('groups and queues on etcd', function () {
  this.timeout(90_000)
  let etcd: EtcdServer
  let store: MetadataStore
  let keeper: Keeper
  let client: ZooKeeper
  let worker: Child
  let token: number
  let path: string
  let selector: LeaderSelector
  let rooms = 0

  before(async function () {
    requireOrSkip(this, 'etcd')
    etcd = await startEtcd({ binary: etcdProgram() })
    store = await openEtcdStore({ hosts: [etcd.host] })
    keeper = await Keeper.open({ store })
    client = await connect(keeper, { timeoutMs: 4_000 })
  })
  beforeEach(async () => {
    rooms += 1
    path = `/room-${rooms}`
    await new LockingQueue(client, `${path}/queue`).put(Buffer.from('work'))
    worker = spawnChild({
      name: 'worker',
      command: process.execPath,
      args: ['--import', 'tsx', 'test/ecosystem/recipe-worker.ts', `etcd://${etcd.host}`, path],
    })
    const line = await worker.waitForLine(/^token \d+/)
    token = Number(/token (\d+)/.exec(String(line))?.[1])
    await worker.waitForLine(/^has true true/)
    selector = new LeaderSelector(client, `${path}/selector`, {
      takeLeadership: ({ signal }) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    })
    await selector.start()
  })
  afterEach(async () => {
    worker.signal('SIGCONT')
    await worker.kill()
    await selector?.close()
  })
  after(async () => {
    await client?.close()
    await keeper?.close()
    await store?.close()
    await etcd?.stop()
  })

  /** Everything that the worker had is had here. */
  async function takeOver(): Promise<void> {
    const queue = new LockingQueue(client, `${path}/queue`)
    const element = await queue.take({ timeoutMs: WAIT_MS })
    expect(String(Buffer.from(element.data ?? []))).to.equal('work')
    expect(element.token).to.be.greaterThan(token)
    await eventually('the leadership', () => selector.isLeader, WAIT_MS)
    const group = new GroupMember(client, `${path}/group`, 'looks-on')
    expect((await group.members()).size).to.equal(0)
    await element.consume()
    expect(await queue.size()).to.equal(0)
  }

  it('a worker whose process was killed is followed, and its element is not lost', async () => {
    await worker.kill()
    await takeOver()
  })

  it('a worker whose process was stopped never says that it has what another has', async () => {
    worker.signal('SIGSTOP')
    await takeOver()
    const before = worker.output.length
    worker.signal('SIGCONT')
    await worker.waitForLine(/^lost ZK_SESSION_EXPIRED/)
    await worker.waitForLine(/^has false false/)
    expect(worker.output.slice(before)).to.not.match(/^has .*true/m)
    expect(selector.isLeader).to.equal(true)
  })
})
