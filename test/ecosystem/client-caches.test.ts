/**
 * TreeCache, NodeCache and ConfigValue on everything that a client may stand on: a random writer beside them, through resets of the
 * connection and the end of the session. In the end they have what is there.
 */
import { expect } from 'chai'
import type { Context } from 'mocha'
import {
  type ClientOptions,
  ConfigValue,
  connect,
  deleteRecursive,
  NodeCache,
  TreeCache,
  textCodec,
  walk,
  type ZooKeeper,
} from '../../index.ts'
import {
  type ClientBed,
  clientBeds,
  type RunningBed,
  SESSION_MS,
  wireBeds,
} from '../support/client-beds.ts'
import { eventually } from '../support/eventually.ts'
import { mulberry32 } from '../support/mulberry32.ts'
import { requireOrSkip } from '../support/requirements.ts'
import type { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'

const SEED = Number(process.env.SEED ?? 7)
const NAMES = ['a', 'b', 'c', 'd']
const DEPTH = 3
const WAIT_MS = 30_000

type Picture = Readonly<Record<string, string>>

const textOf = (data: Uint8Array | null | undefined): string => Buffer.from(data ?? []).toString()

/** Path to data and the czxid, so that one that was created again is another. */
async function treeOf(zk: ZooKeeper, root: string): Promise<Picture> {
  const found: Record<string, string> = {}
  for await (const { path } of walk(zk, root)) {
    const { data, stat } = await zk.getData(path)
    found[path] = `${stat.czxid} ${textOf(data)}`
  }
  return found
}

const pictureOf = (cache: TreeCache): Picture =>
  Object.fromEntries(
    [...cache].map(({ path, data, stat }) => [path, `${stat.czxid} ${textOf(data)}`]),
  )

/** Changes a part of a small tree, mostly by what succeeds. */
async function write(zk: ZooKeeper, root: string, random: () => number): Promise<void> {
  const any = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T
  let path = root
  const depth = Math.floor(random() * (DEPTH + 1))
  for (let i = 0; i < depth; i++) path += `/${any(NAMES)}`
  const data = Buffer.from(String(random()))
  const kind = random()
  const isThere = (await zk.exists(path)) !== undefined
  if (!isThere) await zk.create(path, data).catch(() => {})
  else if (kind < 0.6 || path === root) await zk.setData(path, data)
  else if (kind < 0.85) await deleteRecursive(zk, path)
  else {
    const again = zk.transaction().delete(path).create(path, data).commit()
    await again.catch(() => {})
  }
}

for (const bed of clientBeds) caches(bed)

function caches(bed: ClientBed): void {
  describe(`client: caches, ${bed.name}, seed ${SEED}`, function () {
    this.timeout(120_000)
    let running: RunningBed
    let zk: ZooKeeper
    let writer: ZooKeeper
    let root: string
    let count = 0
    const random = mulberry32(SEED)
    const opened: AsyncDisposable[] = []

    async function open(options: ClientOptions = {}): Promise<ZooKeeper> {
      const client = await running.connect(options)
      opened.push(client)
      return client
    }
    const writes = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await write(writer, root, random)
    }
    before(async function (this: Context) {
      requireOrSkip(this, ...bed.needs)
      running = await bed.start()
    })
    after(() => running?.stop())
    beforeEach(async () => {
      zk = await open({ renew: true })
      // Past the wire.
      const { direct } = running
      writer =
        direct === undefined ? await open() : await connect(direct, { timeoutMs: SESSION_MS })
      opened.push(writer)
      root = `/caches-${count++}`
      await writer.create(root)
      await writes(30)
      await zk.sync()
    })
    afterEach(async () => {
      running?.wire?.resume('up')
      running?.wire?.resume('down')
      for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]()
    })

    async function startAll() {
      const faults: unknown[] = []
      const tree = new TreeCache(zk, root, { onError: (error) => faults.push(error) })
      /** Made of events alone. */
      const copy = new Map<string, string>()
      tree.onChange((event) => {
        if (event.type === 'initialized') return
        const { path, stat, data } = event.entry
        expect(copy.has(path), `${event.type} ${path}`).to.equal(event.type !== 'added')
        if (event.type === 'removed') copy.delete(path)
        else copy.set(path, `${stat.czxid} ${textOf(data)}`)
      })
      const node = new NodeCache(zk, `${root}/a`)
      const config = new ConfigValue(zk, `${root}/b`, { codec: textCodec, defaultValue: 'none' })
      opened.push(tree, node, config)
      await Promise.all([tree.start(), node.start(), config.start()])
      return async (): Promise<void> => {
        const found = await treeOf(writer, root)
        const a = found[`${root}/a`]
        const b = found[`${root}/b`]
        const at = () => node.current && `${node.current.stat.czxid} ${textOf(node.current.data)}`
        const isEqual = () => {
          expect(pictureOf(tree)).to.deep.equal(found)
          expect(Object.fromEntries(copy)).to.deep.equal(found)
          expect(at()).to.equal(a)
          expect(config.value).to.equal(b === undefined ? 'none' : b.slice(b.indexOf(' ') + 1))
          return true
        }
        await eventually('what is there', isEqual, WAIT_MS)
        expect(faults).to.deep.equal([])
      }
    }

    it('beside a writer', async () => {
      const same = await startAll()
      await same()
      for (let round = 0; round < 3; round++) {
        await writes(60)
        await same()
      }
      await deleteRecursive(writer, root)
      await same()
      await writer.create(root)
      await writes(20)
      await same()
    })

    it('started while it writes', async () => {
      const [same] = await Promise.all([startAll(), writes(80)])
      await same()
    })

    // What follows cuts the wire.
    if (!wireBeds.includes(bed)) return

    it('through resets of the connection', async () => {
      const wire = running.wire as TcpFaultProxy
      const same = await startAll()
      for (let round = 0; round < 8; round++) {
        const writing = writes(20)
        wire.cut()
        await writing
        await eventually('a connection', () => zk.state === 'connected', WAIT_MS)
        wire.cut()
        await writes(5)
      }
      await same()
      expect(zk.state).to.equal('connected')
    })

    it('through the end of the session, and the next one', async () => {
      const wire = running.wire as TcpFaultProxy
      const same = await startAll()
      const { sessionId } = zk
      const own = `/own-${count}`
      await zk.create(own, null, { mode: 'ephemeral' })
      await writer.sync()
      wire.pause('up')
      await writes(20)
      const isGone = async () => (await writer.exists(own)) === undefined
      await eventually('the end of the session', isGone, WAIT_MS)
      await writes(20)
      wire.cut()
      wire.resume('up')
      await eventually(
        'another session',
        () => zk.state === 'connected' && zk.sessionId !== sessionId,
        WAIT_MS,
      )
      await writes(20)
      await same()
    })
  })
}
