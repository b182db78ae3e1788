/**
 * This version and 0.1.0 side by side on one etcd, under load: up one proxy at a time, and down again, as
 * docs/upgrade.md says. What was acknowledged is there, trees are equal, and no session ends.
 */
import { cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { treeDifferences, walkTree } from '../faults/checks/tree-walk.ts'
import { ConnectionLost, SessionClient } from '../faults/client/session-client.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { eventually as eventuallyWithin } from '../support/eventually.ts'
import { freePorts } from '../support/free-port.ts'
import { oldRelease, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { EtcdShell } from './etcd-shell.ts'

const WRITERS = 6
/** Acknowledged writes of each writer between two steps. */
const WRITES_PER_STEP = 30

const ARGS = {
  old: [],
  new: [],
  'new, for 0.1.0': ['--journal-format', '2'],
  // What it is killed with is behind for sure, however late the kill is.
  'new, writing behind late': ['--flush-delay', '3600000', '--flush-late', '3600000'],
}

const eventually = <T>(
  what: string,
  check: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> => eventuallyWithin(what, check, 60_000)

describe('this version and 0.1.0 on one store', function () {
  this.timeout(180_000)
  let folder: string
  let etcd: EtcdServer
  let shell: EtcdShell
  let ports: number[]
  let proxies: (AnykeeperProcess | undefined)[]
  let writers: Writer[]

  beforeEach(async function () {
    requireOrSkip(this, 'etcd', 'etcdctl', 'anykeeper-0.1')
    folder = temporaryFolder('mixed-versions')
    // The build without its packages; they are ours.
    cpSync(oldRelease(), folder, { recursive: true })
    const packages = fileURLToPath(new URL('../../node_modules', import.meta.url))
    symlinkSync(packages, join(folder, 'node_modules'))
    etcd = await startEtcd()
    shell = new EtcdShell(etcd.host)
    ports = await freePorts(2)
    proxies = [undefined, undefined]
    writers = []
  })
  afterEach(async () => {
    for (const writer of writers ?? []) writer.client.abandon()
    await Promise.all((proxies ?? []).map((proxy) => proxy?.kill()))
    await etcd?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  const oldProgram = () => join(folder, 'dist', 'cli.js')

  /** The proxy at `place` ends as SIGTERM ends it, and one of that version takes its place. */
  async function replace(place: number, version: keyof typeof ARGS): Promise<AnykeeperProcess> {
    await proxies[place]?.stop()
    proxies[place] = undefined
    const proxy = new AnykeeperProcess(ports[place]!, {
      store: `etcd://${etcd.host}`,
      ...(version === 'old' ? { program: oldProgram() } : {}),
      args: ARGS[version],
    })
    // A proxy of 0.1.0 refuses entries that are not written behind yet, and succeeds on a later start.
    await eventually(`${version} proxy serves`, async () => {
      await proxy.start()
      return true
    })
    proxies[place] = proxy
    return proxy
  }

  async function startWriters(): Promise<void> {
    writers = Array.from({ length: WRITERS }, (_, index) => new Writer(index, ports))
    await writers[0]!.client.ready()
    await writers[0]!.client.call(1, { path: '/mixed' })
    for (const writer of writers) await writer.begin()
  }

  async function progress(): Promise<void> {
    const goals = writers.map(({ acked }) => acked.length + WRITES_PER_STEP)
    await eventually('progress of every writer', () =>
      writers.every(({ acked }, index) => acked.length >= goals[index]!),
    )
  }

  const head = () => shell.json<{ seq: number; flushed: number; chain?: string }>('head')

  /** Which format of entries is being written: only format 3 has a chain in head. */
  async function isFormat3(): Promise<boolean> {
    return (await head()).chain !== undefined
  }

  async function expectNothingLost(): Promise<void> {
    await Promise.all(writers.map((writer) => writer.pause()))
    const readers = ports.map((port, index) => reader(`reader-${index}`, port))
    try {
      const [one, two] = await Promise.all(readers.map(walkTree))
      expect(treeDifferences(one!, two!)).to.deep.equal([])
      const lost = writers.flatMap(({ acked }) => acked.filter((path) => !one!.has(path)))
      expect(lost).to.deep.equal([])
      for (const { client, sessionId, alive, lostSessions } of writers) {
        expect(lostSessions).to.equal(0)
        expect(client.sessionId).to.equal(sessionId)
        expect(one!.get(alive)?.stat.ephemeralOwner).to.equal(sessionId)
      }
    } finally {
      for (const client of readers) await client.stop()
    }
    for (const writer of writers) writer.resume()
  }

  it('up one proxy at a time, and down again: nothing is lost, trees are equal, sessions live', async () => {
    await replace(0, 'old')
    await replace(1, 'old')
    await startWriters()
    await progress()
    await replace(1, 'new')
    await progress()
    expect(await isFormat3(), 'an old proxy lives: entries that it reads').to.equal(false)
    await expectNothingLost()
    await replace(0, 'new')
    await progress()
    await eventually('format 3', isFormat3)
    await expectNothingLost()
    // Down: first one that makes all write what 0.1.0 reads.
    await replace(0, 'new, for 0.1.0')
    await progress()
    expect(await isFormat3()).to.equal(false)
    await replace(1, 'old')
    await progress()
    await expectNothingLost()
    await replace(0, 'old')
    await progress()
    await expectNothingLost()
  })

  it('0.1.0 refuses to start on entries of format 3 that are not written behind', async () => {
    const proxy = await replace(0, 'new, writing behind late')
    await replace(1, 'new, writing behind late')
    await startWriters()
    await progress()
    await eventually('entries that are not written behind', async () => {
      const { seq, flushed } = await head()
      return seq > flushed + 2
    })
    // Nobody is left to write them behind.
    await Promise.all([proxy.kill(), proxies[1]!.kill()])
    proxies[1] = undefined
    const { seq, flushed } = await head()
    expect(seq).to.be.above(flushed)
    const old = new AnykeeperProcess(ports[1]!, {
      store: `etcd://${etcd.host}`,
      program: oldProgram(),
    })
    const error = await old.start().catch((reason: Error) => reason)
    expect(error).to.be.instanceOf(Error)
    expect((await old.child.exited).code).to.equal(1)
    expect(old.child.output).to.include(
      'journal entry has format 3, this version reads formats up to 2',
    )
    expect(await head(), 'it has changed nothing').to.deep.include({ seq, flushed })
    // One of this version writes them behind, and ends with an entry that 0.1.0 reads.
    await replace(0, 'new, for 0.1.0')
    await progress()
    await Promise.all(writers.map((writer) => writer.pause()))
    await proxies[0]!.stop()
    expect(await isFormat3()).to.equal(false)
    await replace(0, 'old')
    await replace(1, 'old')
    await expectNothingLost()
  })
})

function reader(name: string, ...ports: number[]): SessionClient {
  const nothing = (): void => {}
  const observer = {
    connected: nothing,
    disconnected: nothing,
    sessionLost: nothing,
    violation: nothing,
  }
  return new SessionClient({ name, ports, timeoutMs: 20_000, observer }).start(0)
}

/** One session that creates znodes, one after the other, and has an ephemeral that shows that it lives. */
class Writer {
  readonly client: SessionClient
  readonly acked: string[] = []
  readonly alive: string
  sessionId = 0n
  lostSessions = 0
  #written = 0
  #isPaused = false
  #idle: Promise<void> = Promise.resolve()
  readonly #room: string

  constructor(index: number, ports: readonly number[]) {
    this.#room = `/mixed/${index}`
    this.alive = `/mixed/alive-${index}`
    this.client = new SessionClient({
      name: `writer-${index}`,
      ports,
      timeoutMs: 20_000,
      reconnectPauseMs: () => 50,
      observer: {
        connected: () => {},
        disconnected: () => {},
        sessionLost: () => {
          this.lostSessions++
        },
        violation: (kind, text) => {
          throw new Error(`${kind}: ${text}`)
        },
      },
    }).start(index)
  }

  async begin(): Promise<void> {
    await this.client.call(1, { path: this.#room })
    expect((await this.client.call(1, { path: this.alive, flags: 1 })).err).to.equal(0)
    this.sessionId = this.client.sessionId
    this.resume()
  }

  resume(): void {
    this.#isPaused = false
    this.#idle = this.#write()
  }

  /** Resolves when nothing is in flight. */
  async pause(): Promise<void> {
    this.#isPaused = true
    await this.#idle
  }

  async #write(): Promise<void> {
    while (!this.#isPaused) {
      const path = `${this.#room}/${this.#written++}`
      try {
        const { err } = await this.client.call(1, { path, data: path })
        expect(err, path).to.equal(0)
        this.acked.push(path)
      } catch (error) {
        if (!(error instanceof ConnectionLost)) return
      }
    }
  }
}
