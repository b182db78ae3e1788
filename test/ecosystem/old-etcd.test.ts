/** Debian's etcd, which is no longer maintained: it works, and the log says what to think of it. */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { NodeClient, nodeZookeeper as zk } from './node-client.ts'
import { PATIENCE_MS, within } from './two-proxies.ts'

describe('one proxy on etcd 3.4', () => {
  let etcd: EtcdServer | undefined
  let proxy: AnykeeperProcess
  let client: NodeClient | undefined

  before(async function () {
    this.timeout(60_000)
    requireOrSkip(this, 'etcd-3.4')
    etcd = await startEtcd({ binary: '/usr/bin/etcd' })
    proxy = await startAnykeeper({ store: `etcd://${etcd.host}`, tickTimeMs: 500 })
    client = await NodeClient.connect(proxy.connectString)
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(proxy.child.output)
  })

  after(async () => {
    client?.close()
    await proxy?.stop()
    await etcd?.stop()
  })

  it('warns of its faults, once', () => {
    expect(etcd!.version).to.match(/^3\.4\./)
    const warnings = proxy.child.output.split('\n').filter((line) => line.includes('"level":40'))
    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.include(`etcd ${etcd!.version} has known faults`)
  })

  it('creates, reads and watches', async () => {
    await client!.create('/a', { data: 'one' })
    let fire = (_name: string) => {}
    const event = new Promise<string>((resolve) => {
      fire = resolve
    })
    expect((await client!.getData('/a', ({ name }) => fire(name))).data).to.equal('one')
    await client!.setData('/a', 'two', 0)
    expect(await within(PATIENCE_MS, 'watch event', event)).to.equal('NODE_DATA_CHANGED')
    expect((await client!.getData('/a')).data).to.equal('two')
    expect(await client!.getChildren('/')).to.deep.equal(['a', 'zookeeper'])
  })

  it('ends the ephemerals of a silent client', async () => {
    const relay = await TcpFaultProxy.start(proxy.connectString)
    const silent = await NodeClient.connect(relay.host, { sessionTimeoutMs: 1_000 })
    try {
      await silent.create('/e', { mode: zk.CreateMode.EPHEMERAL })
      const gone = new Promise<string>((resolve, reject) => {
        client!
          .exists('/e', ({ name }) => resolve(name))
          .then((stat) => {
            if (stat === null) reject(new Error('no ephemeral'))
          }, reject)
      })
      relay.pause('up')
      expect(await within(PATIENCE_MS, 'end of the ephemeral', gone)).to.equal('NODE_DELETED')
    } finally {
      silent.close()
      await relay.stop()
    }
  })

  it('has all again after a restart of the proxy', async () => {
    await client!.create('/kept', { data: 'x' })
    const back = client!.nextState('connected')
    await proxy.kill()
    await proxy.start()
    await back
    expect((await client!.getData('/kept')).data).to.equal('x')
  })
})
