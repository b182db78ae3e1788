/** A server with a small heap: growth is refused before the heap is full, and a tree that is too large is named. */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { spawnChild } from '../support/child.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

/** MiB. */
const SMALL = 64
const QUOTA_EXCEEDED = -125
const BATCH = 500
const data = Buffer.alloc(1_000, 'd')

describe('a small heap', () => {
  const servers: AnykeeperProcess[] = []
  let etcd: EtcdServer | undefined
  let folder: string | undefined

  afterEach(async () => {
    for (const server of servers.splice(0)) await server.kill()
    await etcd?.stop()
    etcd = undefined
    if (folder !== undefined) removeFolder(folder)
    folder = undefined
  })

  async function start(store: string, heapMiB: number | undefined): Promise<AnykeeperProcess> {
    const nodeArgs = heapMiB === undefined ? [] : [`--max-old-space-size=${heapMiB}`]
    const server = await startAnykeeper({ store, nodeArgs })
    servers.push(server)
    return server
  }

  async function counter(server: AnykeeperProcess, name: string): Promise<number> {
    const line = new RegExp(`^zk_anykeeper_${name}\\t(\\d+)$`, 'm')
    return Number(line.exec(await server.fourLetterWord('mntr'))![1])
  }

  /** Until one is refused, or `countMax` are there. @returns how many were created */
  async function fill(client: RawClient, countMax: number, from = 0): Promise<number> {
    for (let count = from; count < countMax; count += BATCH) {
      const replies = await Promise.all(
        Array.from({ length: BATCH }, (_, i) => client.create(`/n${count + i}`, { data })),
      )
      const refused = replies.findIndex(({ err }) => err !== 0)
      if (refused >= 0) {
        expect(replies[refused]!.err).to.equal(QUOTA_EXCEEDED)
        return count + refused
      }
    }
    return countMax
  }

  it('creates are refused, reads and deletes are served, and a restart serves it all', async () => {
    folder = temporaryFolder('memory-limit')
    const store = `file:${folder}`
    let server = await start(store, SMALL)
    let client = await RawClient.connect({ port: server.port })
    const created = await fill(client, 200_000)
    expect(created).to.be.above(5_000).and.below(100_000)
    expect((await client.setData('/n1', Buffer.alloc(2_000))).err).to.equal(QUOTA_EXCEEDED)
    expect((await client.setData('/n1', Buffer.alloc(500))).err).to.equal(0)
    expect((await client.getData('/n2')).err).to.equal(0)
    expect((await client.getChildren('/')).err).to.equal(0)
    expect(await counter(server, 'memory_refused')).to.be.above(0)
    const other = await RawClient.connect({ port: server.port })
    expect(other.sessionId).not.to.equal(0n)
    other.destroy()
    client.destroy()
    await server.stop()
    server = await start(store, SMALL)
    client = await RawClient.connect({ port: server.port })
    expect((await client.getData(`/n${created - 1}`)).err).to.equal(0)
    for (let at = 0; at < created; at += BATCH) {
      const count = Math.min(BATCH, created - at)
      const replies = await Promise.all(
        Array.from({ length: count }, (_, i) => client.delete(`/n${at + i}`)),
      )
      expect(replies.every(({ err }) => err === 0)).to.equal(true)
    }
    expect((await client.create('/again', { data })).err).to.equal(0)
    client.destroy()
  }).timeout(120_000)

  it('a tree that a larger proxy made is no abort, but a sentence with the heap that it needs', async function () {
    requireEtcd(this)
    etcd = await startEtcd()
    const store = `etcd://${etcd.host}`
    const large = await start(store, 512)
    const client = await RawClient.connect({ port: large.port })
    const count = 60_000
    expect(await fill(client, count)).to.equal(count)
    client.destroy()
    await large.stop()
    servers.length = 0
    const { output, code } = await serveUntilEnd(store)
    expect(code, output).to.equal(1)
    const needed = Number(/NODE_OPTIONS=--max-old-space-size=(\d+)/.exec(output)?.[1])
    expect(output).to.include('does not fit into memory: it needs about')
    expect(needed).to.be.above(SMALL).and.below(512)
    const enough = await start(store, needed)
    const reader = await RawClient.connect({ port: enough.port })
    expect((await reader.getData(`/n${count - 1}`)).err).to.equal(0)
    expect((await reader.create('/more', { data })).err).to.equal(0)
    reader.destroy()
  }).timeout(180_000)

  async function serveUntilEnd(store: string): Promise<{ output: string; code: number | null }> {
    const program = new URL('../../dist/cli.js', import.meta.url).pathname
    const port = await freePort()
    const child = spawnChild({
      name: 'too small',
      command: process.execPath,
      args: [
        `--max-old-space-size=${SMALL}`,
        program,
        'serve',
        '--listen',
        `127.0.0.1:${port}`,
        '--store',
        store,
      ],
    })
    const { code } = await child.exited
    return { output: child.output, code: code ?? null }
  }
})
