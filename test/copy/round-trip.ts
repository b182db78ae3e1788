/** A tree from etcd into files, on into etcd and redis, byte for byte; then served from the files. */
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { checkTree } from '../../lib/index.ts'
import { RawClient } from '../support/raw-client.ts'
import { succeed } from './copy-process.ts'
import { type PlantedTree, plantTree, servePlanted } from './planted-tree.ts'
import { type WirePicture, wirePicture } from './wire-picture.ts'

const LONG_MS = 30_000
const SHORT_MS = 3_000
const NO_NODE = -101

export interface RoundTripOptions {
  /** host:port */
  readonly etcd: string
  /** Empty, for all files. */
  readonly folder: string
  readonly znodes: number
  /** Told of each step when it is done. */
  readonly onStep?: (what: string, ms: number) => void
}

export class RoundTrip {
  readonly #o: RoundTripOptions
  readonly #source: string
  readonly #files: string
  #planted!: PlantedTree
  #picture!: WirePicture
  /** The long session, taken up again. */
  #again!: RawClient

  constructor(options: RoundTripOptions) {
    this.#o = options
    this.#source = `etcd://${options.etcd}`
    this.#files = `file:${join(options.folder, 'store')}`
  }

  file(name: string): string {
    return join(this.#o.folder, `${name}.jsonl`)
  }

  /** Plants it, and exports it while it is served, and once the proxy is gone. */
  async plant(): Promise<void> {
    const proxy = await this.#timed('serve from etcd', () =>
      servePlanted(this.#source, this.#o.folder),
    )
    try {
      this.#planted = await this.#timed('plant', () =>
        plantTree({
          port: proxy.port,
          znodes: this.#o.znodes,
          longTimeoutMs: LONG_MS,
          shortTimeoutMs: SHORT_MS,
          meanwhile: () => this.#exportAmidWrites(),
        }),
      )
      this.#picture = await this.#timed('read all', () => wirePicture(proxy.port))
      await this.#export('served', this.#source)
    } finally {
      await proxy.stop()
      this.#planted?.leave()
    }
  }

  /** Znodes that were planted. */
  get znodeCount(): number {
    return this.#picture.size
  }

  /** Whatever moment it is of, it is a whole tree. */
  async #exportAmidWrites(): Promise<void> {
    await this.#export('amid', this.#source)
    const { znodes } = await checkTree(createReadStream(this.file('amid')))
    expect(znodes).to.be.above(100)
  }

  /** etcd → files → etcd below another prefix: the same bytes each time. */
  async copy(): Promise<void> {
    const elsewhere = [this.#source, '--prefix', '/copied/here'] as const
    await this.#export('etcd', this.#source)
    this.#same('etcd', 'served')
    await this.#move('etcd', 'files', this.#files)
    await this.#move('files', 'again', ...elsewhere)
  }

  /** What copy() has put into the files, through redis into others: the same bytes each time. */
  async copyThroughRedis(url: string): Promise<void> {
    await this.#move('files', 'redis', url)
    await this.#move('redis', 'other files', `file:${join(this.#o.folder, 'other-store')}`)
  }

  /** What clients see of the tree in the files is what they saw of the one in etcd. */
  async serveCopy(): Promise<void> {
    const proxy = await this.#timed('serve from files', () =>
      servePlanted(this.#files, this.#o.folder),
    )
    try {
      const { port } = proxy
      const watcher = await RawClient.connect({ port, timeoutMs: LONG_MS })
      expect((await watcher.exists('/owned/short', true)).err, 'its timeout runs').to.equal(0)
      await this.#resume(port)
      await this.#timed('read all again', async () => this.#compare(await wirePicture(port)))
      await this.#continueSequences(watcher)
      await watcher.waitFor(() => watcher.events.some((e) => e.path === '/owned/short'), 20_000)
      const { record } = await watcher.getChildren('/owned')
      expect(
        (record.children as string[]).filter((name) => name.startsWith('short')),
        'a session that nobody took up has expired with all of its own',
      ).to.deep.equal([])
      expect((await watcher.exists('/owned/long')).err).to.equal(NO_NODE)
      await watcher.close()
    } finally {
      await proxy.stop()
    }
  }

  /** Of clients that have seen the source's zxids: with the old password, and no other. */
  async #resume(port: number): Promise<void> {
    const { long, idle, lastZxid } = this.#planted
    const { sessionId, password } = long
    const lastZxidSeen = lastZxid
    const wrong = Buffer.alloc(16, 7)
    const refused = await RawClient.connect({ port, sessionId, password: wrong })
    expect(refused.sessionId, 'a wrong password').to.equal(0n)
    const again = await RawClient.connect({ port, sessionId, password, lastZxidSeen })
    expect(again.sessionId, 'the session goes on').to.equal(sessionId)
    const { err, record } = await again.exists('/owned/long')
    expect(err).to.equal(0)
    expect(record.stat!.ephemeralOwner).to.equal(sessionId)
    this.#again = again
    const other = await RawClient.connect({
      ...{ port, sessionId: idle.sessionId, password: idle.password, lastZxidSeen },
    })
    expect(other.sessionId, 'also one without ephemerals').to.equal(idle.sessionId)
    await other.close()
  }

  #compare(found: WirePicture): void {
    expect([...found.keys()].sort()).to.deep.equal([...this.#picture.keys()].sort())
    for (const [path, entry] of this.#picture) expect(found.get(path), path).to.deep.equal(entry)
  }

  async #continueSequences(client: RawClient): Promise<void> {
    for (const [parent, next] of this.#planted.next) {
      const { record, zxid } = await client.create(`${parent}/s-`, { flags: 2 })
      expect(record.path).to.equal(`${parent}/s-${`${next}`.padStart(10, '0')}`)
      expect(zxid, 'zxids go on').to.be.above(this.#planted.lastZxid)
    }
    await this.#again.close()
  }

  async #export(name: string, ...store: readonly string[]): Promise<void> {
    const output = this.file(name)
    await this.#timed(`export ${name}`, () => succeed(['export', '--store', ...store], { output }))
  }

  /** Imports an export into a store, of which the next export is the same. */
  async #move(from: string, to: string, ...store: readonly string[]): Promise<void> {
    await this.#timed(`import into ${to}`, () =>
      succeed(['import', '--store', ...store], { input: this.file(from) }),
    )
    await this.#export(to, ...store)
    this.#same(to, from)
  }

  #same(one: string, other: string): void {
    const [a, b] = [readFileSync(this.file(one)), readFileSync(this.file(other))]
    expect(a.length).to.be.above(1_000_000)
    expect(a.equals(b), `${one} is the same as ${other}, byte for byte`).to.equal(true)
  }

  async #timed<T>(what: string, run: () => Promise<T>): Promise<T> {
    const startMs = performance.now()
    const result = await run()
    this.#o.onStep?.(what, performance.now() - startMs)
    return result
  }
}
