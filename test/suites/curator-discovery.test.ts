/**
 * ServiceDiscovery beside Curator's x-discovery, in both directions: Curator through a proxy, the library over zk:// on the
 * same. Program: curator-discovery/Discovery.java.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { expect } from 'chai'
import { connect, type NewServiceInstance, ServiceDiscovery, type ZooKeeper } from '../../index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually, within } from '../support/eventually.ts'
import { curatorLibs, etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { temporaryFolder } from '../support/temp-folder.ts'
import { compileWith, sourcesIn } from './compile.ts'

const WAIT_MS = 40_000
const BASE = '/discovery'
const CURATORS_TIME = 1_700_000_000_000

describe('service discovery with Curator’s', function () {
  this.timeout(120_000)
  let etcd: EtcdServer
  let proxy: AnykeeperProcess
  let client: ZooKeeper
  let discovery: ServiceDiscovery
  let program: ChildProcessWithoutNullStreams
  let lines: Interface

  before(async function () {
    requireOrSkip(this, 'etcd', 'jdk', 'curator')
    etcd = await startEtcd({ binary: etcdProgram() })
    proxy = await startAnykeeper({ store: `etcd://${etcd.host}` })
    client = await connect(`zk://${proxy.connectString}`, { timeoutMs: 10_000 })
    discovery = new ServiceDiscovery(client, BASE)
    const classes = temporaryFolder('curator-discovery')
    const libs = join(curatorLibs(), '*')
    const sources = sourcesIn('curator-discovery', '.java')
    await compileWith('javac', ['-nowarn', '-proc:none', '-cp', libs, '-d', classes, ...sources])
    program = spawn('java', [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      `${classes}:${libs}`,
      'Discovery',
      proxy.connectString,
      BASE,
    ])
    program.stderr.resume()
    lines = createInterface(program.stdout)
  })
  after(async () => {
    program?.kill('SIGKILL')
    await discovery?.close()
    await client?.close()
    await proxy?.stop()
    await etcd?.stop()
  })

  /** One command, and its answer behind the first word. */
  async function ask(command: string, answer: string): Promise<string> {
    const line = new Promise<string>((resolve) => lines.once('line', resolve))
    program.stdin.write(`${command}\n`)
    const said = await within(command, WAIT_MS, line)
    expect(said.split(' ')[0]).to.equal(answer)
    await client.sync()
    return said.slice(answer.length + 1)
  }

  /** The path of the same instance, registered here in another discovery. */
  async function copyOf(instance: NewServiceInstance): Promise<string> {
    const other = new ServiceDiscovery(client, '/copies')
    const { name, id } = await other.register({ ...instance, serviceType: 'DYNAMIC' })
    return `/copies/${name}/${id}`
  }

  it('Curator finds what is registered here, field by field', async () => {
    const one = await discovery.register({
      name: 'echo',
      id: 'ours',
      address: '10.0.0.1',
      port: 80,
      payload: 'text',
      uriSpec: {
        parts: [
          { value: 'address', variable: true },
          { value: ':', variable: false },
          { value: 'port', variable: true },
        ],
      },
    })
    const at = one.registrationTimeUTC
    expect(await ask('names', 'names')).to.equal('echo')
    expect(await ask('instances echo', 'instances')).to.equal(
      `echo|ours|10.0.0.1|80|null|text|${at}|DYNAMIC|10.0.0.1:80|true`,
    )
    await discovery.update({ ...one, payload: null, uriSpec: null, enabled: false, port: null })
    expect(await ask('instances echo', 'instances')).to.equal(
      `echo|ours|10.0.0.1|null|null|null|${at}|DYNAMIC|null|false`,
    )
    await discovery.register({
      name: 'echo',
      id: 'static',
      address: 'h',
      serviceType: 'STATIC',
      payload: { '@class': 'java.util.TreeMap', weight: 3 },
    })
    expect((await ask('instances echo', 'instances')).split(';')[1]).to.match(
      /^echo\|static\|h\|null\|null\|\{weight=3\}\|\d+\|STATIC\|null\|true$/,
    )
    await discovery.unregister({ name: 'echo', id: 'ours' })
    await discovery.unregister({ name: 'echo', id: 'static' })
    expect(await ask('instances echo', 'instances')).to.equal('')
  })

  it('what Curator registers is found here, field by field', async () => {
    await ask('register mail theirs 25 text DYNAMIC', 'registered')
    const parts = [
      { value: 'scheme', variable: true },
      { value: '://', variable: false },
      { value: 'address', variable: true },
      { value: ':', variable: false },
      { value: 'port', variable: true },
      { value: '/x', variable: false },
    ]
    const theirs = {
      name: 'mail',
      id: 'theirs',
      address: '10.0.0.2',
      port: 25,
      sslPort: 8443,
      payload: 'text',
      registrationTimeUTC: CURATORS_TIME,
      serviceType: 'DYNAMIC',
      uriSpec: { parts },
      enabled: true,
    } as const
    expect(await discovery.instances('mail')).to.deep.equal([theirs])
    // What Curator's default serializer writes of an enabled one.
    const { data } = await client.getData(await copyOf(theirs))
    expect(Buffer.from(data ?? []).toString()).to.equal(await ask('json', 'json'))
    await ask('update mail theirs 26 other DYNAMIC', 'updated')
    expect(await discovery.instances('mail')).to.deep.equal([
      { ...theirs, port: 26, payload: 'other', enabled: false },
    ])
    await ask('unregister', 'unregistered')
    expect(await discovery.instances('mail')).to.deep.equal([])
    await ask('register mail stays 25 text PERMANENT', 'registered')
    const stat = await client.exists(`${BASE}/mail/stays`)
    expect(stat?.ephemeralOwner).to.equal(0n)
    await ask('unregister', 'unregistered')
    expect(await discovery.instances('mail')).to.deep.equal([])
  })

  it('the providers of both follow the instances of both', async () => {
    await using provider = discovery.provider('web')
    await provider.start()
    await ask('provider web', 'provider')
    await ask('register web theirs 80 text DYNAMIC', 'registered')
    await discovery.register({ name: 'web', id: 'ours', address: 'h' })
    await eventually('both here', () => provider.all.length === 2, WAIT_MS)
    expect(new Set([provider.next()?.id, provider.next()?.id]).size).to.equal(2)
    await eventually(
      'both there',
      async () => (await ask('provided', 'provided')) === 'ours,theirs',
      WAIT_MS,
    )
    await ask('update web theirs 80 text DYNAMIC', 'updated')
    await discovery.update({ name: 'web', id: 'ours', address: 'h', enabled: false })
    await eventually('none here', () => provider.all.length === 0, WAIT_MS)
    await eventually('none there', async () => (await ask('provided', 'provided')) === '', WAIT_MS)
    await discovery.unregister({ name: 'web', id: 'ours' })
  })
})
