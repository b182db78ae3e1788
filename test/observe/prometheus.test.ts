/** A real Prometheus scrapes two servers: what dashboards and rules of ZooKeeper ask for is there, and no alert fires. */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { malformed, Prometheus } from './prometheus-server.ts'
import { ALERTS, SHOWN, SHOWN_OF_LEADER } from './zookeeper-rules.ts'

describe('observe/prometheus', function () {
  this.timeout(60_000)
  let etcd: EtcdServer
  let prometheus: Prometheus
  let ports: number[]
  const servers: AnykeeperProcess[] = []
  let client: RawClient

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'prometheus')
    etcd = await startEtcd()
    ports = [await freePort(), await freePort()]
    // The second one has the port of ZooKeeper's metrics provider alone.
    for (const flag of ['--admin-listen', '--metrics-listen']) {
      const args = [flag, `127.0.0.1:${ports[servers.length]}`]
      servers.push(await startAnykeeper({ store: `etcd://${etcd.host}`, args }))
    }
    prometheus = await Prometheus.start(ports, ALERTS)
    client = await RawClient.connect({ port: servers[0]!.port, timeoutMs: 20_000 })
    await client.create('/a', { data: 'x'.repeat(1_000) })
    for (let i = 0; i < 40; i++) await client.setData('/a', Buffer.alloc(1_000, i))
    for (let i = 0; i < 200; i++) await client.getData('/a', false)
    await client.getData('/nothing', false)
    await eventually(
      'three scrapes of both',
      async () => {
        const counts = await prometheus.query('count_over_time(op_count_total[1m])')
        return counts.length === 2 && counts.every(({ value }) => Number(value[1]) >= 3)
      },
      30_000,
    )
  })
  after(async () => {
    client?.destroy()
    await prometheus?.stop()
    for (const server of servers) await server.stop()
    await etcd?.stop()
  })

  /** Its one value, of both servers: asked again until none of them has missed its last scrape. */
  async function number(expression: string): Promise<number> {
    const [found] = await eventually(expression, async () => {
      const results = await prometheus.query(`(${expression}) and on() (sum(up) == 2)`)
      return results.length === 1 && results
    })
    return Number(found!.value[1])
  }

  it('both are up, and promtool finds nothing wrong with the text', async () => {
    // A busy machine may miss a scrape: then one is down, and has no value, until the next one.
    await eventually('both are up', async () => {
      const up = (await prometheus.query('up')).map(({ value }) => value[1])
      return up.join() === '1,1'
    })
    for (const port of ports) {
      const { body, headers } = await http(port, '/metrics')
      // promtool takes other spellings as well; the format has this one alone.
      expect(body)
        .to.match(/ NaN$/m)
        .and.not.match(/ (?:Nan|nan)$/m)
      expect(headers['content-type']).to.match(/^text\/plain; version=0\.0\.4/)
      expect(malformed(body)).to.deep.equal([])
    }
    expect((await http(ports[1]!, '/commands')).status).to.equal(404)
  })

  it('every panel of Grafana 10465 that has a meaning here has data of both servers', async () => {
    for (const name of SHOWN)
      await eventually(name, async () => (await prometheus.query(name)).length >= 2)
    for (const name of SHOWN_OF_LEADER)
      await eventually(name, async () => (await prometheus.query(name)).length === 1)
  })

  it('the rules of ZooKeeper’s guide are evaluated, and none fires; one leader', async () => {
    // One that fires of what the servers are like fires on.
    await eventually('all rules are evaluated, and none fires', async () => {
      const alerts = await prometheus.alerts()
      expect([...alerts.keys()].sort()).to.deep.equal(Object.keys(ALERTS).sort())
      for (const [name, { health, state }] of alerts) {
        expect([name, health, state]).to.deep.equal([name, 'ok', 'inactive'])
      }
      return true
    })
    expect(await number('sum(anykeeper_mode{mode="leader"})')).to.equal(1)
  })

  it('counts what was done, and how long it took', async () => {
    const sum = (expression: string) => number(`sum(${expression})`)
    await eventually('41 creates and sets', async () => (await sum('op_count_set_data')) === 40)
    expect(await sum('op_count_get_data')).to.equal(201)
    expect(await sum('op_count_create')).to.equal(1)
    expect(await sum('anykeeper_request_errors{code="NO_NODE"}')).to.equal(1)
    expect(await sum('updatelatency_count')).to.equal(41)
    // One in 64 is measured, and stands for all of them.
    expect(await sum('readlatency_count')).to.be.within(128, 256)
    expect(await sum('anykeeper_write_stage_seconds_count{stage="commit"}')).to.be.at.least(41)
    const p99 = await sum(
      'histogram_quantile(0.99, sum by (le) (anykeeper_write_stage_seconds_bucket{stage="commit"}))',
    )
    expect(p99).to.be.above(0)
    expect(await sum('fsynctime{quantile="0.99"} > 0')).to.be.above(0)
    for (const stage of ['queue', 'plan', 'apply', 'reply']) {
      const count = await sum(`anykeeper_write_stage_seconds_count{stage="${stage}"}`)
      expect(count, stage).to.be.above(0)
    }
    expect(await sum('anykeeper_store_seconds_count{call="heartbeat"}')).to.be.above(0)
  })
})
