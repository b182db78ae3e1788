/** The commands of the admin port beside those of ZooKeeper 3.9.5: statuses, and every field that one has and the other does not. */
import { expect } from 'chai'
import { adminConnections } from '../../lib/migrate/serve/admin-connections.ts'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { COMMANDS } from '../../proxy/admin/http/commands/command-routes.ts'
import { freePort } from '../support/free-port.ts'
import { type HttpAnswer, http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { type Difference, missingHere, onlyHere } from './command-differences.ts'

const SUPER = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
const AUTH = { authorization: 'digest super:test' }

/** Fields in which things are by name, not by kind: their members are not compared. */
const MAPS = /^(?:session_id_to_|path_to_|expiry_time_|session_timeout_|current_config)/

/** Names of all fields, those of objects in them and of the first element of arrays included. */
function fieldsOf(value: unknown, before = ''): string[] {
  if (Array.isArray(value)) return fieldsOf(value[0], before)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = before === '' ? name : `${before}.${name}`
    return MAPS.test(path) ? [path] : [path, ...fieldsOf(inner, path)]
  })
}

describe('observe/commands beside ZooKeeper 3.9.5', function () {
  this.timeout(60_000)
  let oracle: ZookeeperServer
  let oraclePort: number
  let bench: WireBench
  let served: Served
  let admin: AdminServer
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper-admin')
    oraclePort = await freePort()
    oracle = await startZookeeper({ version: '3.9', adminPort: oraclePort })
    bench = new WireBench()
    served = await bench.serve()
    admin = await AdminServer.listen({ port: 0, superDigests: () => [SUPER] })
    await admin.attach(served.proxy)
    for (const port of [oracle.port, served.port]) {
      const client = await RawClient.connect({ port, timeoutMs: 20_000 })
      clients.push(client)
      await client.create('/parent', { data: 'x'.repeat(100) })
      await client.create('/parent/e', { flags: 1 })
      await client.exists('/parent/e', true)
      await client.getData('/parent', true)
    }
  })
  after(async () => {
    for (const client of clients) client.destroy()
    await admin?.close()
    await bench?.close()
    await oracle?.stop()
  })

  const theirs = (name: string): Promise<HttpAnswer> => http(oraclePort, `/commands/${name}`)
  const ours = (name: string, headers = {}): Promise<HttpAnswer> =>
    http(admin.port, `/commands/${name}`, { headers })

  it('a ZooKeeper names its clients at /commands/connections, as take-over reads it where cons is switched off', async () => {
    const { host, port } = oracle
    const cons = await oracle.fourLetterWord('cons')
    const listed = [...cons.matchAll(/^ \/(\S+)\[\d+\]\(.*\bsid=0x/gm)].map(
      ([, address]) => address,
    )
    expect(listed).to.have.length(1)
    // Java may take its time for its first answer.
    const patient = { lookMs: 30_000 }
    expect(await adminConnections(`${host}:${port}`, patient, oraclePort)).to.deep.equal(listed)
    // What is there may be another server, or none.
    expect(await adminConnections(`${host}:${port + 1}`, {}, oraclePort)).to.deep.equal([])
    expect(await adminConnections(`${host}:${port}`, {}, port)).to.deep.equal([])
    expect(await adminConnections(`${host}:${port}`, {}, await freePort())).to.deep.equal([])
  })

  const unexplained = (
    command: string,
    fields: readonly string[],
    known: readonly Difference[],
  ): string[] =>
    fields.filter((name) => !known.some((one) => one.command === command && one.field.test(name)))

  for (const { names, method } of COMMANDS) {
    const [primary] = names
    if (method === 'POST' || primary === 'snapshot' || primary === 'set_trace_mask') continue
    it(`${primary}: the fields of ZooKeeper, but for those that are listed`, async () => {
      const [their, our] = await Promise.all([theirs(primary), ours(primary, AUTH)])
      expect([our.status, our.headers['content-type']]).to.deep.equal([200, 'application/json'])
      if (primary === 'secure_connections') return
      expect(their.status).to.equal(200)
      const [theirFields, ourFields] = [fieldsOf(their.json()), fieldsOf(our.json())]
      const missing = theirFields.filter((name) => !ourFields.includes(name))
      const extra = ourFields.filter((name) => !theirFields.includes(name))
      expect(unexplained(primary, missing, missingHere), 'only in ZooKeeper’s').to.deep.equal([])
      expect(unexplained(primary, extra, onlyHere), 'only in ours').to.deep.equal([])
    })
  }

  it('no listed difference is superfluous', async () => {
    for (const [known, here] of [
      [missingHere, false],
      [onlyHere, true],
    ] as const) {
      for (const { command, field } of known) {
        const [their, our] = await Promise.all([theirs(command), ours(command, AUTH)])
        const [has, lacks] = here ? [our, their] : [their, our]
        const lacking = fieldsOf(lacks.json())
        const found = fieldsOf(has.json()).filter((name) => !lacking.includes(name))
        expect(
          found.some((name) => field.test(name)),
          `${command} ${field}`,
        ).to.equal(true)
      }
    }
  })

  it('the same answers to an index, to an unknown command, and to aliases', async () => {
    const index = (await http(admin.port, '/commands')).body
    const links = [...(await theirs('')).body.matchAll(/<a href="[^"]+">\w+<\/a>/g)].map(
      ([one]) => one,
    )
    for (const link of links) expect(index).to.contain(link)
    for (const name of ['nosuch', 'leader']) {
      const [their, our] = await Promise.all([theirs(name), ours(name)])
      expect(our.json()).to.deep.equal(their.json())
      expect(our.status).to.equal(their.status)
    }
    for (const { names, method } of COMMANDS) {
      for (const alias of method === 'POST' ? [] : names.slice(1)) {
        expect((await ours(alias, AUTH)).json().command).to.equal(names[0])
      }
    }
    for (const alias of [
      'srvr',
      'mntr',
      'cons',
      'conf',
      'config',
      'envi',
      'isro',
      'wchs',
      'lead',
      'obsr',
      'icfg',
      'sysp',
      'gtmk',
      'lsnp',
    ]) {
      expect((await ours(alias)).json().command).to.equal((await theirs(alias)).json().command)
    }
  })

  it('the same values where both have the same tree', async () => {
    for (const name of [
      'watch_summary',
      'is_read_only',
      'observers',
      'ruok',
      'zabstate',
      'voting_view',
    ]) {
      const [their, our] = await Promise.all([theirs(name), ours(name)])
      expect(our.json(), name).to.deep.equal(their.json())
    }
    const [their, our] = await Promise.all([
      theirs('watches_by_path'),
      ours('watches_by_path', AUTH),
    ])
    const pathsOf = (answer: HttpAnswer) =>
      Object.keys(answer.json<{ path_to_session_ids: object }>().path_to_session_ids).sort()
    expect(pathsOf(our)).to.deep.equal(pathsOf(their))
    const counts = ['ephemerals_count', 'watch_count', 'num_alive_connections', 'server_state']
    const [theirNumbers, ourNumbers] = [
      (await theirs('monitor')).json(),
      (await ours('monitor')).json(),
    ]
    for (const name of counts) expect(ourNumbers[name], name).to.equal(theirNumbers[name])
  })

  it('a session id beyond 2^53 is written in full, as the number that it is', async () => {
    const { body } = await ours('dump', AUTH)
    const id = clients[1]!.sessionId
    expect(id > 2n ** 53n).to.equal(true)
    expect(body).to.contain(`"session_timeout_to_session_ids":{"20000":[${id}]}`)
    expect(body).to.contain(`"session_id_to_ephemeral_paths":{"${id}":["/parent/e"]}`)
  })

  it('without credentials: 401 with the same sentence as ZooKeeper’s snapshot; a wrong one 403', async () => {
    const snapshot = await theirs('snapshot')
    expect(snapshot.status).to.equal(401)
    for (const name of ['dump', 'watches', 'watches_by_path', 'stat_reset', 'snapshot']) {
      const answer = await ours(name)
      expect(answer.status, name).to.equal(401)
      expect(answer.json().error).to.equal(snapshot.json().error)
      expect((await ours(name, { authorization: 'digest super:wrong' })).status).to.equal(403)
      expect((await ours(name, { authorization: 'Negotiate x' })).status).to.equal(401)
    }
    const basic = `Basic ${Buffer.from('super:test').toString('base64')}`
    expect((await ours('dump', { authorization: basic })).status).to.equal(200)
  })

  it('what changes something: counters are reset, connections are shed by percentage', async () => {
    expect((await ours('stat_reset', AUTH)).json()).to.deep.equal({
      command: 'stat_reset',
      error: null,
    })
    expect(served.proxy.stats.packetsReceived).to.be.below(5)
    const extra = await Promise.all(
      [1, 2, 3].map(() => RawClient.connect({ port: served.port, timeoutMs: 20_000 })),
    )
    clients.push(...extra)
    const shed = (body: string) =>
      http(admin.port, '/commands/shed_connections', { method: 'POST', headers: AUTH, body })
    expect((await ours('shed_connections', AUTH)).status).to.equal(405)
    expect((await shed('{"percentage": 101}')).json().error).to.match(/from 0 to 100/)
    expect((await shed('[')).status).to.equal(400)
    const { percentage_requested, connections_shed } = (await shed('{"percentage": 50}')).json()
    expect([percentage_requested, connections_shed]).to.deep.equal([50, 2])
    await clients[1]!.waitFor(() => clients[1]!.closed)
    expect(served.proxy.connections.size).to.equal(2)
  })
})
