/** What gives etcd's space back, on three members: one after the other, the leader last, and only while all answer. */
import { expect } from 'chai'
import type { Context } from 'mocha'
import { openEtcdStore } from '../../adapters/etcd/etcd-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { ReclaimOptions, ReclaimStep } from '../../lib/store/types.ts'
import { rejection } from '../conformance/support.ts'
import { EtcdCluster } from '../operations/etcd-cluster.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { stopProcess } from '../support/stop-process.ts'

describe('etcd maintenance', function () {
  this.timeout(120_000)
  let cluster: EtcdCluster
  let store: MetadataStore | undefined
  const steps: ReclaimStep[] = []
  /** Whatever a member takes is too much. */
  const always: ReclaimOptions = {
    ratio: 0,
    share: 0,
    freeShare: 0.9,
    timeoutMs: 30_000,
    mayGoOn: () => true,
    onStep: (step) => steps.push(step),
  }
  const hosts = () => cluster.members.map(({ host }) => host)
  const open = async (of = hosts()): Promise<MetadataStore> => {
    store = await openEtcdStore({ hosts: of })
    return store
  }

  before(async function (this: Context) {
    requireOrSkip(this, 'etcd', 'etcdctl')
    cluster = await EtcdCluster.start()
  })
  afterEach(async () => {
    steps.length = 0
    await store?.close()
    store = undefined
  })
  after(() => cluster?.stop())

  async function leader(): Promise<string> {
    const command = `etcdctl --endpoints=${hosts().join(',')} endpoint status`
    const line = (await cluster.run(command)).split('\n').find((text) => / true, false/.test(text))
    return line!.split(',')[0]!
  }

  it('defragments each member once, the leader last', async () => {
    await (await open()).reclaim!(always)
    expect(steps.map(({ what }) => what)).to.deep.equal(Array(3).fill('defragmented'))
    expect(steps.map(({ member }) => member).sort()).to.deep.equal(hosts().sort())
    expect(steps[2]!.member).to.equal(await leader())
  })

  it('does nothing where little would be given back', async () => {
    const opened = await open()
    await opened.reclaim!({ ...always, share: 0.5 })
    await opened.reclaim!({ ...always, ratio: 1_000 })
    expect(steps).to.deep.equal([])
  })

  it('ends before the next step once it may not go on', async () => {
    await (await open()).reclaim!({ ...always, mayGoOn: () => steps.length === 0 })
    expect(steps).to.have.length(1)
  })

  it('does nothing unless all members of the cluster are named', async () => {
    const opened = await open(hosts().slice(0, 2))
    await rejection(opened.reclaim!(always), 'STORE_UNSUPPORTED')
    expect(steps).to.deep.equal([])
  })

  it('does nothing while a member is stopped or gone', async () => {
    const opened = await open()
    const member = cluster.members[1]!
    stopProcess(member.pid!)
    try {
      await rejection(opened.reclaim!(always), 'STORE_UNAVAILABLE')
    } finally {
      process.kill(member.pid!, 'SIGCONT')
    }
    await member.kill()
    await rejection(opened.reclaim!(always), 'STORE_UNAVAILABLE')
    expect(steps).to.deep.equal([])
  })
})
