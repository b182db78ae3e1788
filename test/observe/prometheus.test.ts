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

  it('both are up, and promtool finds nothing wrong with the text', async () => {
    expect((await prometheus.query('up')).map(({ value }) => value[1])).to.deep.equal(['1', '1'])
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
    const empty: string[] = []
    for (const name of SHOWN) if ((await prometheus.query(name)).length < 2) empty.push(name)
    for (const name of SHOWN_OF_LEADER)
      if ((await prometheus.query(name)).length !== 1) empty.push(name)
    expect(empty).to.deep.equal([])
  })

  it('the rules of ZooKeeper’s guide are evaluated, and none fires; one leader', async () => {
    const alerts = await eventually(
      'all rules are evaluated',
      async () => {
        const found = await prometheus.alerts()
        return [...found.values()].every(({ health }) => health !== 'unknown') && found
      },
      20_000,
    )
    expect([...alerts.keys()].sort()).to.deep.equal(Object.keys(ALERTS).sort())
    for (const [name, { health, state }] of alerts) {
      expect([name, health, state]).to.deep.equal([name, 'ok', 'inactive'])
    }
    const leaders = await prometheus.query('sum(anykeeper_mode{mode="leader"})')
    expect(leaders.map(({ value }) => value[1])).to.deep.equal(['1'])
  })

  it('counts what was done, and how long it took', async () => {
    const number = async (expression: string) =>
      Number((await prometheus.query(`sum(${expression})`))[0]?.value[1])
    await eventually(
      '41 creates and sets',
      async () => (await number('op_count_set_data')) === 40,
      10_000,
    )
    expect(await number('op_count_get_data')).to.equal(201)
    expect(await number('op_count_create')).to.equal(1)
    expect(await number('anykeeper_request_errors{code="NO_NODE"}')).to.equal(1)
    expect(await number('updatelatency_count')).to.equal(41)
    // One in 64 is measured, and stands for all of them.
    expect(await number('readlatency_count')).to.be.within(128, 256)
    expect(await number('anykeeper_write_stage_seconds_count{stage="commit"}')).to.be.at.least(41)
    const p99 = await number(
      'histogram_quantile(0.99, sum by (le) (anykeeper_write_stage_seconds_bucket{stage="commit"}))',
    )
    expect(p99).to.be.above(0)
    expect(await number('fsynctime{quantile="0.99"} > 0')).to.be.above(0)
    for (const stage of ['queue', 'plan', 'apply', 'reply']) {
      const count = await number(`anykeeper_write_stage_seconds_count{stage="${stage}"}`)
      expect(count, stage).to.be.above(0)
    }
    expect(await number('anykeeper_store_seconds_count{call="heartbeat"}')).to.be.above(0)
  })
})
