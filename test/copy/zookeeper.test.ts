/** From a real ZooKeeper’s files into anykeeper, and back into a real ZooKeeper: tree, counters, sessions. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip, type ZookeeperLine, zookeeperRequirement } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeper, ZookeeperServer } from '../support/zookeeper-server.ts'
import { restore, snapshotsOf, textOf, without } from '../unit/lib/transfer/zookeeper/folders.ts'
import { endCopies, runCopy, succeed } from './copy-process.ts'
import { servePlanted } from './planted-tree.ts'
import { type WirePicture, wirePicture } from './wire-picture.ts'
import { WRITTEN_PROPERTIES, type Written, writeEverything, writeOn } from './zookeeper-writes.ts'

/** Several snapshots are taken while it is written to. */
const SNAP_COUNT = 400
const WRITES = 2_500

/** What a source and a copy have in common: the config names servers, and a quota’s usage is counted by each. */
function comparable(picture: WirePicture): Record<string, unknown> {
  const entries = [...picture].filter(
    ([path]) => path !== '/zookeeper/config' && !path.endsWith('/zookeeper_stats'),
  )
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function expectSame(found: WirePicture, wanted: WirePicture): void {
  const [ours, theirs] = [comparable(found), comparable(wanted)]
  expect(Object.keys(ours)).to.deep.equal(Object.keys(theirs))
  for (const [path, entry] of Object.entries(theirs)) expect(ours[path], path).to.deep.equal(entry)
}

const MOVES: readonly { readonly from: ZookeeperLine; readonly to: ZookeeperLine }[] = [
  { from: '3.8', to: '3.9' },
  { from: '3.9', to: '3.8' },
]

for (const { from, to } of MOVES) {
  describe(`copy: ZooKeeper ${from} → anykeeper → ZooKeeper ${to}`, function () {
    this.timeout(120_000)
    let folder: string
    let source: ZookeeperServer
    let written: Written
    let picture: WirePicture
    let sequence: number
    let store: string
    let lastZxidSeen: number

    before(async function () {
      requireOrSkip(this, zookeeperRequirement[from], zookeeperRequirement[to])
      folder = temporaryFolder('copy-zookeeper')
      store = `file:${join(folder, 'store')}`
      source = await startZookeeper({
        version: from,
        config: { snapCount: SNAP_COUNT },
        properties: { ...WRITTEN_PROPERTIES, 'zookeeper.preAllocSize': '64' },
      })
    })
    afterEach(endCopies)
    after(async () => {
      await source?.stop()
      if (folder !== undefined) removeFolder(folder)
    })

    it('is written to while it takes snapshots, read, and stopped', async () => {
      written = await writeEverything(source.port, from)
      let rounds = 0
      const load = await writeOn(source.port, () => rounds++ < WRITES / 40)
      const next = await load.client.create('/load/s-', { flags: 2 })
      sequence = Number(next.record.path!.slice(-10))
      picture = await wirePicture(source.port)
      written.owner.ping()
      lastZxidSeen = (await written.owner.sync('/')).zxid
      written.owner.destroy()
      load.client.destroy()
      await source.end()
      const files = readdirSync(join(source.dataDir, 'version-2'))
      expect(files.filter((name) => name.startsWith('snapshot.')).length).to.be.above(3)
    })

    it('from each of its snapshots the logs lead to the same tree', async () => {
      const folder = join(source.dataDir, 'version-2')
      const files = new Map(
        readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]),
      )
      const snapshots = snapshotsOf(files)
      const trees = new Set<string>()
      for (const [at] of snapshots.entries()) {
        const restored = await restore(without(files, ...snapshots.slice(at + 1)))
        expect(restored.snapshot).to.equal(`folder/${snapshots[at]}`)
        // A quota's usage is in no log, so the digest of the lines differs with it.
        const lines = textOf(restored).split('\n').slice(0, -2)
        trees.add(lines.filter((line) => !line.includes('/zookeeper_stats"')).join('\n'))
      }
      expect(trees.size).to.equal(1)
    })

    it('is imported: clients read what they read before, and go on', async () => {
      const args = ['import', '--store', store, '--from-zookeeper', source.dataDir]
      const said = await succeed(args)
      expect(said)
        .to.match(/digests of ZooKeeper are right/)
        .and.match(/^imported \d+ znodes, /m)
      const again = await succeed(args)
      expect(again, 'it is resumable').to.match(/^was there already:/m)
      const proxy = await servePlanted(store, folder)
      try {
        const { port } = proxy
        await resumed(port)
        expectSame(await wirePicture(port), picture)
        const client = await RawClient.connect({ port })
        for (const [parent, number] of [...written.next, ['/load', sequence + 1] as const]) {
          const { record } = await client.create(`${parent}/s-`, { flags: 2 })
          expect(record.path).to.equal(`${parent}/s-${`${number}`.padStart(10, '0')}`)
        }
        picture = await wirePicture(port)
        lastZxidSeen = (await client.sync('/')).zxid
        await client.close()
      } finally {
        await proxy.stop()
      }
    })

    it('is exported as a snapshot, from which a real ZooKeeper starts', async () => {
      const dataDir = join(folder, 'for-zookeeper')
      const args = ['export', '--store', store, '--format', 'zookeeper-snapshot', dataDir]
      const said = await succeed(args)
      expect(said).to.match(/^exported \d+ znodes, .* to .*version-2\/snapshot\./m)
      expect(said).to.match(/znodes have a TTL: start ZooKeeper with/)
      const [file, ...others] = readdirSync(join(dataDir, 'version-2'))
      expect(others).to.deep.equal([])
      expect(statSync(join(dataDir, 'version-2', file!)).mode & 0o777).to.equal(0o600)
      const second = await runCopy(args)
      expect(second.code).to.equal(2)
      expect(second.stderr).to.match(/has a snapshot\.\w+ already/)
      const options = { version: to, properties: WRITTEN_PROPERTIES }
      const target = new ZookeeperServer({ port: await freePort(), peers: {} }, options)
      try {
        cpSync(dataDir, target.dataDir, { recursive: true })
        await target.start()
        await resumed(target.port)
        expectSame(await wirePicture(target.port), picture)
        const client = await RawClient.connect({ port: target.port, lastZxidSeen })
        const { record } = await client.create('/load/s-', { flags: 2 })
        expect(Number(record.path!.slice(-10))).to.equal(sequence + 2)
        await client.close()
      } finally {
        await target.stop()
      }
    })

    /** With the id and password that the source gave; another password is refused. */
    async function resumed(port: number): Promise<void> {
      const { sessionId, password } = written.owner
      const wrong = Buffer.alloc(16, 7)
      const refused = await RawClient.connect({ port, sessionId, password: wrong })
      expect(refused.sessionId).to.equal(0n)
      const client = await RawClient.connect({ port, sessionId, password, lastZxidSeen })
      expect(client.sessionId).to.equal(sessionId)
      const { record } = await client.exists('/owned/by-owner')
      expect(record.stat!.ephemeralOwner).to.equal(sessionId)
      client.destroy()
    }
  })
}

describe('copy: the commands with ZooKeeper’s files', function () {
  this.timeout(60_000)
  const fixture = join(import.meta.dirname, 'fixtures/zookeeper/3.8.0')
  let folder: string
  let number = 0
  const storeOf = () => `file:${join(folder, `store-${number++}`)}`

  before(() => {
    folder = temporaryFolder('copy-zookeeper-commands')
  })
  afterEach(endCopies)
  after(() => removeFolder(folder))

  /** The fixture as a server’s folder, with some of its files. */
  function dataDir(keep: (name: string) => boolean): string {
    const dir = join(folder, `data-${number++}`)
    mkdirSync(join(dir, 'version-2'), { recursive: true })
    for (const name of readdirSync(fixture).filter(keep)) {
      cpSync(join(fixture, name), join(dir, 'version-2', name))
    }
    return dir
  }

  const wrong: [what: string, args: string[], says: RegExp][] = [
    ['a flag without the files', ['import', '--log-dir', '/x'], /--log-dir goes with --from-z/],
    ['files that are not there', ['import', '--from-zookeeper', '/none'], /\/none is not there/],
    ['a file', ['import', '--from-zookeeper', import.meta.filename], /is no directory/],
    ['two inputs', ['import', '--from-zookeeper', '/x', '--input', 'y'], /cannot be used with/],
    ['a snapshot for nowhere', ['export', '--format', 'zookeeper-snapshot'], /name a directory/],
    ['a directory for lines', ['export', '/x'], /goes with --format zookeeper-snapshot/],
    [
      'a part of a tree',
      ['export', '--format', 'zookeeper-snapshot', '--path', '/a', 'x'],
      /the whole tree: leave out --path/,
    ],
  ]
  for (const [what, args, says] of wrong) {
    it(`${what}: one sentence on stderr, exit 2`, async () => {
      const { code, stderr } = await runCopy([...args, '--store', storeOf()])
      expect(stderr)
        .to.match(says)
        .and.match(/^error: .+\n$/)
      expect(code).to.equal(2)
    })
  }

  it('logs in a dataLogDir; without them: nothing is imported, and the flag is named', async () => {
    const snapshots = dataDir((name) => name.startsWith('snapshot.'))
    const logs = dataDir((name) => name.startsWith('log.'))
    const store = storeOf()
    const args = ['import', '--store', store, '--from-zookeeper', snapshots]
    const alone = await runCopy(args)
    expect(alone.code).to.equal(1)
    expect(alone.stderr).to.match(/no transaction log in .*--log-dir.*--snapshot-only/)
    expect(await runCopy(['export', '--store', store])).to.include({ code: 1, stdout: '' })
    const said = await succeed([...args, '--log-dir', logs])
    expect(said).to.match(/^note: \/zookeeper\/config is left empty/m)
    expect(said).to.match(/^note: 1 znodes have a TTL/m)
    expect(said).to.match(/^imported 36 znodes, \d sessions, zxid 0x100000042/m)
  })

  it('a folder in the place of a snapshot: it is named, and nothing is imported', async () => {
    const dir = dataDir(() => true)
    const store = storeOf()
    const newest = 'snapshot.ffffffffff'
    mkdirSync(join(dir, 'version-2', newest))
    const { code, stderr } = await runCopy(['import', '--store', store, '--from-zookeeper', dir])
    expect(stderr).to.match(/^error: .*\/version-2\/snapshot\.ffffffffff is no file$/m)
    expect(code).to.equal(1)
    expect(existsSync(join(folder, `store-${number - 1}`, 'head'))).to.equal(false)
  })
})
