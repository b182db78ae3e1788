/**
 * /metrics beside ZooKeeper's own Prometheus provider: every name that it exports is exported here with the same type, or stands
 * with its reason in provider-differences.ts.
 */
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { WireBench } from '../support/wire-bench.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { OTHER_TYPES, WITHOUT } from './provider-differences.ts'

/** Type by name, of a text in Prometheus' format. */
async function typesAt(port: number): Promise<ReadonlyMap<string, string>> {
  const { body, status } = await http(port, '/metrics')
  expect(status).to.equal(200)
  const lines = body.matchAll(/^# TYPE (\S+) (\S+)$/gm)
  return new Map([...lines].map(([, name, type]) => [name!, type!]))
}

describe('observe/provider', function () {
  this.timeout(60_000)
  let oracle: ZookeeperServer
  let bench: WireBench
  let admin: AdminServer
  let theirs: ReadonlyMap<string, string>
  let ours: ReadonlyMap<string, string>
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper-admin')
    const metricsPort = await freePort()
    oracle = await startZookeeper({
      version: '3.9',
      adminPort: await freePort(),
      config: {
        'metricsProvider.className':
          'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
        'metricsProvider.httpHost': '127.0.0.1',
        'metricsProvider.httpPort': metricsPort,
        'metricsProvider.exportJvmInfo': 'true',
      },
    })
    bench = new WireBench()
    const { port, proxy } = await bench.serve()
    admin = await AdminServer.listen({ port: 0 })
    await admin.attach(proxy)
    for (const one of [oracle.port, port]) {
      const client = await RawClient.connect({ port: one, timeoutMs: 20_000 })
      clients.push(client)
      await client.create('/a', { data: 'x' })
      await client.setData('/a', 'y')
      await client.getData('/a', true)
    }
    theirs = await typesAt(metricsPort)
    ours = await typesAt(admin.port)
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await admin?.close()
    await bench?.close()
    await oracle?.stop()
  })

  it('every name of ZooKeeper’s is here, or has a reason', () => {
    expect(theirs.size).to.be.above(150)
    const missing = [...theirs.keys()].filter(
      (name) => !ours.has(name) && !WITHOUT.some(({ names }) => names.test(name)),
    )
    expect(missing.sort()).to.deep.equal([])
  })

  it('names of both have one type', () => {
    const other = [...theirs].filter(([name, type]) => ours.has(name) && ours.get(name) !== type)
    expect(Object.fromEntries(other.map(([name]) => [name, ours.get(name)]))).to.deep.equal(
      OTHER_TYPES,
    )
  })

  it('no reason is left without a name', () => {
    const names = [...theirs.keys()].filter((name) => !ours.has(name))
    const idle = WITHOUT.filter((one) => !names.some((name) => one.names.test(name)))
    expect(idle.map(({ reason }) => reason)).to.deep.equal([])
  })
})
