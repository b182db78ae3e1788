/** The oracle goes away, and comes back: clients do not notice, the summary does. */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'
import { CompareProcess } from './compare-process.ts'

describe('compare: the oracle is lost', function () {
  this.timeout(90_000)
  let oracle: ZookeeperServer
  let candidate: AnykeeperProcess
  let compare: CompareProcess
  let relay: TcpFaultProxy | undefined

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9')
  })
  beforeEach(async () => {
    ;[oracle, candidate] = await Promise.all([startZookeeper({ version: '3.9' }), startAnykeeper()])
  })
  afterEach(async () => {
    await Promise.all([compare?.child.kill(), oracle?.stop(), candidate?.stop(), relay?.stop()])
    relay = undefined
  })

  const sidesOf = (oracleAddress: string) => ({
    candidate: candidate.connectString,
    oracle: oracleAddress,
  })
  const start = async (oracleAddress: string, args: readonly string[] = []) => {
    compare = await CompareProcess.start(sidesOf(oracleAddress), { graceMs: 700, args })
  }

  /** A client that says nothing while the oracle starts, which may take long on a busy machine. */
  const connect = () => RawClient.connect({ port: compare.port, timeoutMs: 40_000 })

  /** The oracle is tried again when something is to be asked. */
  async function untilBack(client: RawClient): Promise<void> {
    let isBack = false
    const back = compare.untilLogged(/oracle reachable again/).then(() => {
      isBack = true
    })
    while (!isBack) await Promise.race([back, client.exists('/')])
  }

  it('clients go on, and what they ask counts as unchecked', async () => {
    await start(oracle.connectString)
    const a = await connect()
    await a.create('/a')
    await a.getData('/a', true)
    await oracle.kill()
    expect((await a.setData('/a', 'x')).err).to.equal(0)
    expect(a.events).to.have.length(1)
    expect((await a.getData('/a')).record.stat!.version).to.equal(1)
    const b = await connect()
    expect((await b.exists('/a')).err).to.equal(0)
    await Promise.all([a.close(), b.close()])
    const { exitCode, counts, found, summary } = await compare.verdict()
    expect(found).to.deep.equal([])
    expect(exitCode, 'not everything was compared').to.equal(3)
    // Unchecked: setData, getData, greeting, exists, two closeSessions. The candidate may have been
    // first with its answer to the one before: then the oracle died over it.
    expect(counts.requests + counts.unchecked).to.equal(9)
    expect(counts.unchecked).to.be.within(6, 7)
    expect(summary).to.match(/[67] requests unchecked/)
    expect(compare.child.output.match(/oracle not reachable/g)).to.have.length(1)
  })

  it('it is asked again when it is back; what it missed makes differences suspect', async () => {
    await start(oracle.connectString)
    const a = await connect()
    await a.create('/a')
    await a.exists('/a')
    await oracle.kill()
    await a.getData('/a')
    await a.create('/missed')
    await oracle.start()
    await untilBack(a)
    await a.exists('/a')
    await a.exists('/missed')
    await a.close()
    const { exitCode, counts, found } = await compare.verdict()
    expect(exitCode).to.equal(1)
    expect(counts.differences).to.equal(0)
    expect(found.map(({ suspect }) => suspect)).to.include('the oracle has missed writes')
    expect(found.at(-1)!.request ?? found[0]!.request).to.be.an('object')
    expect(found.some(({ request }) => request?.path === '/missed')).to.equal(true)
    expect(found.some(({ request }) => request?.path === '/a')).to.equal(false)
  })

  it('it is there only later: clients are served, then compared', async () => {
    await oracle.kill()
    await start(oracle.connectString, ['--allow-unchecked'])
    const a = await connect()
    await a.getData('/')
    await oracle.start()
    await untilBack(a)
    await a.create('/later')
    await a.getData('/later')
    await a.close()
    const { exitCode, counts, found } = await compare.verdict()
    expect(found).to.deep.equal([])
    expect([exitCode, counts.differences]).to.deep.equal([0, 0])
    const again = await CompareProcess.start(sidesOf(oracle.connectString), {
      args: ['--allow-unchecked'],
    })
    // Nothing at all is too little, whatever is allowed.
    expect((await again.verdict()).exitCode).to.equal(3)
    expect(counts.requests).to.be.at.least(3)
    expect(counts.unchecked).to.be.at.least(2)
  })

  it('its connection alone is lost: that is a difference, the session is taken up again', async () => {
    relay = await TcpFaultProxy.start(oracle.connectString)
    await start(relay.host)
    const a = await connect()
    await a.create('/a', { flags: 1 })
    await a.auth('digest', 'u:p')
    // The oracle's answer, too: header and Stat.
    const answered = relay.passedDown(4 + 16 + 68)
    await a.exists('/a')
    await answered
    relay.cut()
    await compare.untilLogged()
    await a.getData('/a')
    await a.whoAmI()
    await a.close()
    const { exitCode, counts, found } = await compare.verdict()
    expect(exitCode).to.equal(1)
    expect(found).to.have.length(1)
    expect(found[0]).to.deep.include({ kind: 'connection', why: 'closed by the oracle only' })
    expect([counts.requests, counts.unchecked]).to.deep.equal([7, 0])
  })
})
