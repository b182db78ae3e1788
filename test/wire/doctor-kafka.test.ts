/** `anykeeper doctor kafka` on planted trees: over the wire on anykeeper and on ZooKeeper, straight out of a store, and on nothing. */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { connect, createOrSet, deleteRecursive, mkdirp, type ZooKeeper } from '../../lib/index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { runDoctor } from '../support/run-doctor.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'

const ID = '47rz8dssQYOoPDbnRwddlw'
const page = readFileSync(new URL('../../docs/kafka-to-kraft.md', import.meta.url), 'utf8')
const documented = [...page.matchAll(/^ {4}npx anykeeper doctor kafka (.*)$/gm)].map(
  ([, it]) => it!,
)

/** A cluster of one broker in ZooKeeper mode below /kafka, registered by this session. */
async function plant(zk: ZooKeeper): Promise<void> {
  const put = (path: string, value: unknown) =>
    createOrSet(zk, `/kafka${path}`, Buffer.from(JSON.stringify(value)))
  for (const path of ['/brokers/ids', '/brokers/topics/orders/partitions/0', '/cluster']) {
    await mkdirp(zk, `/kafka${path}`)
  }
  await put('/cluster/id', { version: '1', id: ID })
  await put('/controller_epoch', 1)
  await put('/brokers/topics/orders', { version: 3, partitions: { 0: [1] } })
  await put('/brokers/topics/orders/partitions/0/state', { version: 1, controller_epoch: 1 })
  const ephemeral = { mode: 'ephemeral' } as const
  const registration = Buffer.from('{"version":5,"host":"h","port":9092}')
  await zk.create('/kafka/brokers/ids/1', registration, ephemeral)
  const controller = Buffer.from('{"version":2,"brokerid":1,"kraftControllerEpoch":-1}')
  await zk.create('/kafka/controller', controller, ephemeral)
}

const migration = Buffer.from(
  '{"version":0,"kraft_metadata_offset":30,"kraft_controller_id":3000,"kraft_metadata_epoch":1,"kraft_controller_epoch":1}',
)

const servers = {
  anykeeper: () => startAnykeeper(),
  'Apache ZooKeeper': () => startZookeeper(),
}

for (const [name, start] of Object.entries(servers)) {
  describe(`doctor kafka on ${name}`, function () {
    this.timeout(90_000)
    let server: { readonly connectString: string; stop(): Promise<void> }
    let zk: ZooKeeper
    let url: string
    let folder: string

    before(async function () {
      if (name !== 'anykeeper') requireOrSkip(this, 'zookeeper')
      folder = temporaryFolder('doctor')
      server = await start()
      url = `zk://${server.connectString}`
      zk = await connect(url, { timeoutMs: 20_000 })
    })
    beforeEach(() => plant(zk))
    afterEach(() => deleteRecursive(zk, '/kafka'))
    after(async () => {
      await zk?.close()
      await server?.stop()
      if (folder !== undefined) removeFolder(folder)
    })

    it('a healthy cluster: 0, and what comes next', async () => {
      const { code, text } = await runDoctor(`${url}/kafka`)
      expect(text.split('\n').slice(0, 2)).to.deep.equal([
        `cluster: ${ID}; 1 broker registered, 1 topic, 1 partition, 0 resources with ACLs`,
        'state:   zookeeper. ZooKeeper mode: broker 1 (controller epoch 1) is the controller. No migration to KRaft has begun.',
      ])
      expect(text).to.include(`--cluster-id=${ID}`)
      expect(code).to.equal(0)
    })

    it('a trap: 1, and what to do; the same as JSON', async () => {
      await zk.create('/kafka/migration', migration)
      const { code, text } = await runDoctor(url, '--chroot', '/kafka')
      expect(text).to.include('\ntrap:    stale-migration. Delete /migration: ')
      expect(code).to.equal(1)
      const json = await runDoctor(`${url}/kafka`, '--json')
      expect(json).to.include({ code: 1, words: 'reverted, trap stale-migration' })
    })

    it('no tree of Kafka: 2, and where one is', async () => {
      const { code, text } = await runDoctor(url)
      expect(text).to.include('a cluster is below /kafka: give its chroot')
      expect(code).to.equal(2)
      expect((await runDoctor(`${url}/none`)).text).to.equal(
        'error: there is no znode /none in this tree; a cluster is below /kafka: give its chroot',
      )
    })

    it('a znode that it may not read: 2, unless it has the right', async () => {
      await zk.addAuth('digest', 'kafka:secret')
      await zk.setAcl('/kafka/controller', [{ perms: 31, id: { scheme: 'auth', id: '' } }])
      const refused = await runDoctor(`${url}/kafka`)
      expect(refused.text).to.include('this client may not read /kafka/controller')
      expect(refused.code).to.equal(2)
      const file = join(folder, 'digest')
      writeFileSync(file, 'kafka:secret\n')
      const allowed = await runDoctor(`${url}/kafka`, '--digest-file', file)
      expect(allowed.text).to.not.include('secret')
      expect(allowed.code).to.equal(0)
    })

    it('every command of the page, as it stands there', async () => {
      expect(documented.length).to.be.above(3)
      for (const command of documented) {
        if (!command.includes('zk://')) continue
        const words = command.replace('proxy1:2181,proxy2:2181', server.connectString).split(' ')
        const { code, text } = await runDoctor(words[0]!, ...words.slice(1))
        expect([0, 1], `${command}: ${text}`).to.include(code)
      }
    })
  })
}

describe('doctor kafka on a store', function () {
  this.timeout(90_000)
  let etcd: EtcdServer
  let proxy: AnykeeperProcess
  let folder: string

  before(async function () {
    requireOrSkip(this, 'etcd')
    folder = temporaryFolder('doctor-store')
    etcd = await startEtcd({ binary: etcdProgram() })
    proxy = await startAnykeeper({ store: `etcd://${etcd.host}` })
  })
  after(async () => {
    await proxy?.stop()
    await etcd?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  it('on etcd, beside a proxy that serves it, and writes nothing', async () => {
    const zk = await connect(`zk://${proxy.connectString}`, { timeoutMs: 20_000 })
    await plant(zk)
    await zk.create('/kafka/migration', migration)
    const zxid = async () => /^Zxid: .*$/m.exec(await proxy.fourLetterWord('srvr'))?.[0]
    const before = await zxid()
    const command = documented.find((one) => one.startsWith('etcd://'))!
    const words = command.replace('etcd1:2379', etcd.host).split(' ')
    const { code, text } = await runDoctor(words[0]!, ...words.slice(1))
    expect(text).to.include('trap:    stale-migration')
    expect(code).to.equal(1)
    expect(await zxid()).to.equal(before)
    await zk.close()
  })

  it('on files, while no server has them; and says so while one has', async () => {
    const files = await startAnykeeper({ store: `file:${folder}` })
    const zk = await connect(`zk://${files.connectString}`)
    await plant(zk)
    const busy = await runDoctor(`file:${folder}`, '--chroot', '/kafka')
    expect(busy.text).to.match(/^error: file:.*: /)
    expect(busy.code).to.equal(2)
    await zk.close()
    await files.stop()
    const { code, text } = await runDoctor(`file:${folder}`, '--chroot', '/kafka')
    expect(text).to.include('trap:    no-controller')
    expect(code).to.equal(1)
  })

  it('without a tree, without a store, and without a server: 2, and a sentence', async () => {
    const port = await freePort()
    const silent = await silentServer()
    const cases: [url: string, flags: string[], text: RegExp][] = [
      [`etcd://${etcd.host}`, ['--prefix', '/other'], /no tree below \/other/],
      ['file:/no/such/folder', [], /there is no data in/],
      ['memory:', [], /memory: is a store of one process/],
      ['nonsense:x', [], /the store URL must begin with/],
      ['zk://a:b:c', [], /is not host:port/],
      [`zk://127.0.0.1:${port}`, ['--timeout', '1000'], /^error: zk:\/\/127.*within 1000 ms/],
      [`zk://127.0.0.1:${silent.port}`, ['--timeout', '1000'], /within 1000 ms/],
      [`zk://127.0.0.1:${port}/a`, ['--chroot', '/b'], /in the URL or a flag, not both/],
      [`zk://127.0.0.1:${port}`, ['--digest-file', '/no/such'], /no such file/],
      [`etcd://${etcd.host}`, ['--ca', 'x'], /--ca is for zk:\/\/ and zks:\/\/ only/],
      [`etcd://${etcd.host}`, ['--watch', '-1'], /--watch/],
    ]
    try {
      for (const [url, flags, expected] of cases) {
        const { code, text } = await runDoctor(url, ...flags)
        expect(text, url).to.match(/^error: [^\n]*$/)
        expect(text, url).to.match(expected)
        expect(code, url).to.equal(2)
      }
    } finally {
      silent.server.close()
    }
  })
})

/** Accepts connections and answers nothing. */
async function silentServer(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => void socket.on('error', () => {}).resume())
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { server, port }
}
