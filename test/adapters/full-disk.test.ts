/** A `file:` store and its server on a disk without space: a small tmpfs, filled by itself or by another file. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Context } from 'mocha'
import { openEmbeddedStore } from '../../adapters/embedded/embedded-store.ts'
import { backupFileStore } from '../../adapters/index.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import { bytes } from '../conformance/support.ts'
import { AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { type SmallDisk, smallDisk } from '../support/small-disk.ts'

const DISK_BYTES = 8 * 2 ** 20
const SYSTEM_ERROR = -1

describe('file store on a full disk', function () {
  this.timeout(120_000)
  let disk: SmallDisk
  let folder: string
  const opened: MetadataStore[] = []
  const servers: AnykeeperProcess[] = []

  beforeEach(function (this: Context) {
    disk = smallDisk(this, DISK_BYTES)
    folder = join(disk.path, 'data')
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.kill()
    for (const store of opened.splice(0)) await store.close()
    disk?.remove()
  })

  const open = async (): Promise<MetadataStore> => {
    const store = await openEmbeddedStore({ folder })
    opened.push(store)
    return store
  }
  const put = (store: MetadataStore, name: string, size: number) =>
    store.txn({
      compares: [],
      ops: [{ type: 'put', key: bytes(name), value: new Uint8Array(size) }],
    })
  const keys = async (store: MetadataStore): Promise<string[]> => {
    const { kvs } = await store.range({ start: bytes('k'), end: bytes('l'), keysOnly: true })
    return kvs.map(({ key }) => Buffer.from(key).toString())
  }
  /** Puts until the disk is full. @returns what was acknowledged */
  const putUntilFull = async (store: MetadataStore, size: number): Promise<string[]> => {
    const done: string[] = []
    for (let i = 0; ; i++) {
      const name = `k${String(i).padStart(5, '0')}`
      try {
        await put(store, name, size)
      } catch (error) {
        expect(error).to.be.instanceOf(StoreError)
        const { code, outcome, message } = error as StoreError
        expect([code, outcome]).to.deep.equal(['STORE_NO_SPACE', 'unapplied'])
        expect(message).to.match(/there is no space left for .* nothing was written; free some/)
        return done
      }
      done.push(name)
    }
  }

  describe('the store', () => {
    for (const size of [300, 50_000, 1_200_000]) {
      it(`filled by values of ${size} bytes refuses, reads and deletes, and goes on with space`, async () => {
        let store = await open()
        disk.fill(3 * 2 ** 20)
        const done = await putUntilFull(store, size)
        expect(done.length).to.be.at.least(1)
        expect(await keys(store)).to.deep.equal(done)
        for (let i = 0; i < 10; i++) {
          await put(store, 'k-large', 2_000_000).catch(({ code }: StoreError) => {
            expect(code).to.equal('STORE_NO_SPACE')
          })
        }
        await store.txn({ compares: [], ops: [{ type: 'delete', key: bytes(done[0]!) }] })
        disk.resize(2 * DISK_BYTES)
        await put(store, 'k-more', 1_000_000)
        await store.close()
        store = await open()
        expect(await keys(store)).to.have.members([...done.slice(1), 'k-more'])
      })
    }

    it('backupFileStore onto it is refused, and leaves nothing', async () => {
      const store = await open()
      await put(store, 'k', 200_000)
      disk.fill(65_536)
      const copy = join(disk.path, 'copy')
      const code = await backupFileStore(`file:${folder}`, copy).then(
        () => 'it was made',
        (error: StoreError) => error.code,
      )
      expect(code).to.equal('STORE_NO_SPACE')
      expect(readdirSync(disk.path).filter((name) => name.startsWith('copy'))).to.deep.equal([])
    })

    it('one that another file left no page beside is a clear error and no signal', async () => {
      const restore = disk.fill(8_192)
      const error = await openEmbeddedStore({ folder }).then(
        () => undefined,
        (reason: StoreError) => reason,
      )
      expect(error?.code).to.equal('STORE_NO_SPACE')
      restore()
      const store = await open()
      await put(store, 'k', 10)
    })
  })

  describe('a server', () => {
    const serve = async (port?: number): Promise<AnykeeperProcess> => {
      const server = await startAnykeeper({
        store: `file:${folder}`,
        ...(port === undefined ? {} : { port }),
        tickTimeMs: 500,
      })
      servers.push(server)
      return server
    }
    const metric = async (server: AnykeeperProcess, name: string): Promise<number> =>
      Number(new RegExp(`^zk_${name}\t(\\d+)$`, 'm').exec(await server.fourLetterWord('mntr'))?.[1])

    /** Creates znodes until one is refused. @returns the paths that were acknowledged */
    async function createUntilFull(client: RawClient, size: number): Promise<string[]> {
      const done: string[] = []
      for (let i = 0; ; i++) {
        const path = `/z${i}`
        const { err } = await client.create(path, { data: Buffer.alloc(size, 7) })
        if (err !== 0) {
          expect(err).to.equal(SYSTEM_ERROR)
          return done
        }
        done.push(path)
      }
    }
    async function expectAll(client: RawClient, paths: readonly string[], size: number) {
      for (const path of paths) {
        const { err, record } = await client.getData(path)
        const { data } = record as { data?: Buffer }
        expect([path, err, data?.length]).to.deep.equal([path, 0, size])
      }
    }

    it('serves through it: no session ends, nothing acknowledged is lost, kill -9 and a start included', async () => {
      let server = await serve()
      const { port } = server
      const client = await RawClient.connect({ port, timeoutMs: 4_000 })
      const beside = await RawClient.connect({ port, timeoutMs: 4_000 })
      const alive = setInterval(() => {
        client.ping()
        beside.ping()
      }, 300)
      try {
        const done = await createUntilFull(client, 40_000)
        expect(done.length).to.be.at.least(20)
        const restore = disk.fill()
        // Longer than commitSilenceMsMax and than the sessions.
        const endMs = performance.now() + 12_000
        let refused = 0
        while (performance.now() < endMs) {
          const { err } = await client.create('/large', { data: Buffer.alloc(500_000) })
          expect(err).to.equal(SYSTEM_ERROR)
          refused++
          await expectAll(beside, done.slice(-3), 40_000)
          await new Promise((resolve) => setTimeout(resolve, 200))
        }
        expect(await metric(server, 'anykeeper_serving')).to.equal(1)
        expect(await metric(server, 'anykeeper_writes_refused_no_space')).to.be.at.least(refused)
        expect([client.closed, beside.closed]).to.deep.equal([false, false])
        await server.kill()
        server = await serve(port)
        const back = await RawClient.connect({ port })
        await expectAll(back, done, 40_000)
        restore()
        disk.resize(2 * DISK_BYTES)
        const large = { data: Buffer.alloc(500_000) }
        await eventually('it goes on', async () => (await back.create('/after', large)).err === 0)
        await expectAll(back, done, 40_000)
        expect((await back.exists('/large')).err, 'what was refused was not written').to.equal(-101)
        expect(await metric(server, 'anykeeper_store_full')).to.equal(0)
        back.destroy()
      } finally {
        clearInterval(alive)
        client.destroy()
        beside.destroy()
      }
    })

    it('that is started on a full, empty disk waits for space and says so', async () => {
      const restore = disk.fill()
      const server = new AnykeeperProcess(await freePort(), { store: `file:${folder}` })
      servers.push(server)
      const starting = server.start()
      await server.child.waitForLine(/no space left for .*trying again/)
      restore()
      await starting
    })
  })
})
