/**
 * The runbook of docs/operations.md, on three members of etcd with two proxies: the commands of the page are
 * what is run. Clients that were there before get what docs/semantics.md says.
 */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { endClient } from '../support/end-client.ts'
import { eventually as eventuallyWithin } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { EtcdCluster } from './etcd-cluster.ts'

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')

const NO_NODE = -101
const FOR_WATCHES = / --bump-revision \d+ --mark-compacted/

const eventually = <T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> => eventuallyWithin(what, check, 30_000)

/** What a client knows of its session, and the newest zxid that it has seen. */
interface Session {
  readonly sessionId: bigint
  readonly password: Buffer
  readonly timeoutMs: number
  readonly lastZxidSeen: number
}

describe('the runbook of restore', function () {
  this.timeout(120_000)
  let etcd: EtcdCluster
  let proxies: AnykeeperProcess[]
  const clients: RawClient[] = []

  before(async function () {
    requireOrSkip(this, 'etcd', 'etcdctl', 'etcdutl')
    etcd = await EtcdCluster.start()
    proxies = await Promise.all([0, 1].map(start))
  })
  afterEach(() => {
    for (const client of clients.splice(0)) endClient(client)
  })
  after(async () => {
    await Promise.all((proxies ?? []).map((proxy) => proxy.kill()))
    await etcd?.stop()
  })

  function start(): Promise<AnykeeperProcess> {
    return startAnykeeper({ store: etcd.url })
  }

  async function connect(
    proxy: AnykeeperProcess,
    options: Partial<Session> = {},
  ): Promise<RawClient> {
    const client = await RawClient.connect({ port: proxy.port, timeoutMs: 20_000, ...options })
    clients.push(client)
    return client
  }

  /** As clients do: again and again, until a proxy says yes or no. */
  function reconnect(proxy: AnykeeperProcess, session?: Session): Promise<RawClient> {
    return eventually('a connect response', () => connect(proxy, session))
  }

  async function metric(proxy: AnykeeperProcess, name: string): Promise<number> {
    const line = new RegExp(`^zk_anykeeper_${name}\t(\\d+)$`, 'm')
    return Number(line.exec(await proxy.fourLetterWord('mntr'))![1])
  }

  /** Those that have begun because history went back. */
  async function epochs(): Promise<number[]> {
    const shown = await etcd.run('etcdctl get /anykeeper/epochs')
    return [...shown.matchAll(/\[(\d+),\d+\]/g)].map(([, epoch]) => Number(epoch))
  }

  async function head(): Promise<{ epoch: number; zxid: number }> {
    return JSON.parse(await etcd.run('etcdctl get /anykeeper/head --print-value-only'))
  }

  const held = ({ sessionId, password, timeoutMs }: RawClient, zxid: number): Session => ({
    sessionId,
    password,
    timeoutMs,
    lastZxidSeen: zxid,
  })

  async function backUp(): Promise<void> {
    const commands = commandsOf('### Back up')
    expect(commands).to.have.length(2)
    for (const command of commands) await etcd.run(command)
  }

  /** Steps 2 to 4. */
  async function restore({ forWatches }: { forWatches: boolean }): Promise<void> {
    await etcd.end()
    const [command, ...more] = commandsOf('### Restore')
    expect(more).to.deep.equal([])
    expect(command).to.match(FOR_WATCHES)
    const run = forWatches ? command! : command!.replace(FOR_WATCHES, '')
    for (const index of etcd.members.keys()) await etcd.run(run, index)
    await etcd.launch()
    const [health] = /(?<=`)etcdctl endpoint health --cluster(?=`)/.exec(page)!
    expect((await etcd.run(`${health} 2>&1`)).match(/ is healthy/g)).to.have.length(3)
  }

  async function backInService(proxy: AnykeeperProcess): Promise<void> {
    await eventually('serving', async () => (await metric(proxy, 'serving')) === 1)
  }

  for (const forWatches of [true, false]) {
    const flags = forWatches ? 'with' : 'without'
    it(`${flags} --bump-revision --mark-compacted: an epoch begins, and each session ends as it should`, async () => {
      const room = `/restored-${flags}`
      const [a, b] = proxies as [AnykeeperProcess, AnykeeperProcess]
      const losses = await Promise.all(proxies.map((proxy) => metric(proxy, 'history_losses')))
      // Before the snapshot: one that sees nothing later, one that will, one that will close.
      const early = await connect(a)
      await early.create(room, { data: 'kept' })
      const { epoch } = await head()
      const { zxid } = await early.create(`${room}/early`, { flags: 1 })
      const saw = await connect(b)
      await saw.create(`${room}/saw`, { flags: 1 })
      const closes = await connect(a, { timeoutMs: 6_000 })
      const { err } = await closes.create(`${room}/closed`, { flags: 1 })
      expect(err).to.equal(0)
      await backUp()
      // After it: all of this is lost.
      const late = await connect(b)
      await late.create(`${room}/late`, { flags: 1 })
      await closes.send(-11, {})
      const lost = await saw.create(`${room}/lost`, { data: 'acknowledged' })
      expect(lost.err).to.equal(0)
      const sessions = [held(early, zxid), held(saw, lost.zxid), held(late, lost.zxid)]

      const before = await epochs()
      await restore({ forWatches })
      // A loss for each proxy that served, one epoch for all.
      for (const [index, proxy] of proxies.entries()) {
        const now = () => metric(proxy, 'history_losses')
        await eventually('the loss is noticed', async () => (await now()) > losses[index]!)
        expect(proxy.child.output).to.include('the history in the store is not the one')
        await backInService(proxy)
      }
      const begun = (await head()).epoch
      expect(begun).to.be.above(epoch)
      expect(proxies.map(({ child }) => child.output).join()).to.include('beginning an epoch')
      const isWritten = async (): Promise<boolean> => (await epochs()).includes(begun)
      await eventually('the epoch is written', isWritten)
      expect(await epochs()).to.deep.equal([...before, begun])

      for (const client of [early, saw, late]) expect(client.closed).to.equal(true)
      const [first, ...others] = sessions
      // On the other proxy than before.
      const again = await reconnect(b, first)
      expect(again.timeoutMs, 'resumed').to.be.above(0)
      for (const session of others) {
        const ended = await reconnect(a, session)
        expect(ended.timeoutMs, 'expired').to.equal(0)
        expect(ended.sessionId).to.equal(0n)
      }
      await again.sync('/')
      const { record } = await again.getData(room)
      expect(String((record as { data: Uint8Array }).data)).to.equal('kept')
      expect((await again.exists(`${room}/early`)).err).to.equal(0)
      for (const gone of ['saw', 'late', 'lost']) {
        expect((await again.exists(`${room}/${gone}`)).err, gone).to.equal(NO_NODE)
      }
      // It was closed in the history that is lost: here it lives until its timeout has passed.
      let probe = again
      await eventually('the session that was closed expires', async () => {
        if (probe.closed) probe = await connect(b)
        return (await probe.exists(`${room}/closed`)).err === NO_NODE
      })
      // New writes are above all that anybody saw, and both proxies have them.
      const written = await probe.create(`${room}/after`)
      expect(written.err).to.equal(0)
      expect(written.zxid).to.be.above(lost.zxid)
      const other = await reconnect(a)
      await other.sync('/')
      expect(await childrenOf(other, room)).to.deep.equal(await childrenOf(probe, room))
    })
  }

  it('with no proxy running nobody notices: who saw more is refused, until the tree has passed it', async () => {
    const room = '/unnoticed'
    const [a] = proxies as [AnykeeperProcess, AnykeeperProcess]
    const client = await connect(a)
    await client.create(room)
    const { epoch } = await head()
    await backUp()
    let { zxid } = await client.create(`${room}/lost`)
    for (let i = 0; i < 5; i++) zxid = (await client.setData(room, `${i}`)).zxid
    const session = held(client, zxid)
    await Promise.all(proxies.map((proxy) => proxy.stop()))
    await restore({ forWatches: true })
    proxies = [await start()]
    const [fresh] = proxies as [AnykeeperProcess]
    await backInService(fresh)
    expect(await metric(fresh, 'history_losses')).to.equal(0)
    // As ZooKeeper refuses it: no reply at all.
    const refused = await connect(fresh, session).catch((error: Error) => error.message)
    expect(refused).to.equal('closed before the connect response')
    const other = await connect(fresh)
    expect((await other.exists(`${room}/lost`)).err).to.equal(NO_NODE)
    let reached = 0
    while (reached < zxid) reached = (await other.setData(room, 'again')).zxid
    // The numbers are given out a second time, and then the client goes on as if nothing had happened.
    expect((await head()).epoch).to.equal(epoch)
    const resumed = await connect(fresh, session)
    expect(resumed.timeoutMs).to.be.above(0)
    expect(resumed.sessionId).to.equal(session.sessionId)
    expect((await resumed.exists(`${room}/lost`)).err).to.equal(NO_NODE)
  })
})

async function childrenOf(client: RawClient, path: string): Promise<string[]> {
  const { record } = await client.getChildren(path)
  return (record as { children: string[] }).children.sort()
}

/** Those of the sh blocks of one section, with lines that end in a backslash joined. */
function commandsOf(heading: string): string[] {
  const from = page.indexOf(`${heading}\n`)
  const section = page.slice(from, page.indexOf('\n###', from + heading.length))
  const blocks = [...section.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].map(([, text]) => text!)
  return blocks
    .join('')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}
