/** Imports that are killed, watched, doubled or given up: nothing is served before all is there. */
import { mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Etcd3, type Watcher } from 'etcd3'
import { openStore } from '../../adapters/index.ts'
import { readTree } from '../../lib/index.ts'
import { AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { mulberry32 } from '../support/mulberry32.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { stopProcess } from '../support/stop-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { CopyProcess, endCopies, runCopy, succeed } from './copy-process.ts'
import { plantTree, servePlanted } from './planted-tree.ts'

const KILLS = 6
/** Operations of a transaction; two are the import's own, and each line needs one or more. */
const TXN_OPS = 32
/** Times that the mark moves before a kill: when the import enters, then once for each step. */
const MOVES_MAX = 5

describe('copy: interrupted', function () {
  // Each test starts up to ten processes: 2 to 6 s alone, 60 s when other work has the processors.
  this.timeout(120_000)
  const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
  let etcd: EtcdServer | undefined
  let client: Etcd3
  let folder: string
  let url: string
  /** The tree that is imported, and its bytes. */
  let input: string
  let bytes: Buffer
  let random: () => number
  let prefixes = 0
  let prefix: string
  const watchers: Watcher[] = []

  before(async function () {
    requireOrSkip(this, 'etcd')
    folder = temporaryFolder('copy-interrupted')
    // Small transactions, so many steps.
    etcd = await startEtcd({ binary: etcdProgram(), flags: [`--max-txn-ops=${TXN_OPS}`] })
    url = `etcd://${etcd.host}`
    client = new Etcd3({ hosts: etcd.host })
    const proxy = await servePlanted(url, folder)
    try {
      const timeouts = { longTimeoutMs: 20_000, shortTimeoutMs: 20_000 }
      const tree = await plantTree({ port: proxy.port, znodes: 1_000, ...timeouts })
      tree.leave()
    } finally {
      await proxy.stop()
    }
    input = join(folder, 'tree.jsonl')
    await succeed(['export', '--store', url, '--output', input])
    bytes = readFileSync(input)
  })
  after(async () => {
    client?.close()
    await etcd?.stop()
    if (folder !== undefined) removeFolder(folder)
  })
  beforeEach(() => {
    random = mulberry32(seed)
    prefix = `/import-${++prefixes}`
  })
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') console.log(`SEED=${seed}`)
    // A watch that is left open would keep this process from ending, whatever becomes of the client.
    for (const watcher of watchers.splice(0)) await watcher.cancel()
    await endCopies()
  })

  const importing = (): string[] => ['import', '--store', url, '--prefix', prefix]

  /** In this process: what was exported is read by the same code, and a start costs a second. */
  async function expectSame(at: string, prefix = '/anykeeper'): Promise<void> {
    const store = await openStore(at, { create: false })
    try {
      const found = [...(await readTree({ store, prefix }))].join('')
      expect(Buffer.from(found).equals(bytes), 'identical').to.equal(true)
    } finally {
      await store.close()
    }
  }

  /** Resolves when the mark has been put or deleted so many times from now on. */
  async function markMoves(times: number, kind: 'put' | 'delete' = 'put') {
    const watcher = await client.watch().key(`${prefix}/import`).create()
    watchers.push(watcher)
    let moves = 0
    const moved = new Promise<void>((resolve) => {
      const count = (): void => {
        if (++moves === times) resolve()
      }
      if (kind === 'put') watcher.on('put', count)
      else watcher.on('delete', count)
    })
    return { moved }
  }

  /** The first lines, as many as this share of them; not the last one's end. */
  function share(part: number): Buffer {
    const lines = bytes.toString('latin1').split('\n')
    const first = lines.slice(0, Math.floor(lines.length * part)).join('\n')
    return bytes.subarray(0, first.length)
  }

  /**
   * An import that has moved the mark so many times, and cannot complete: it was not given all of
   * its input. However late this process hears of a step, the import is amid its work.
   */
  async function begun(input: Buffer, moves: number): Promise<CopyProcess> {
    const { moved } = await markMoves(moves)
    const run = new CopyProcess(importing())
    run.feed(input)
    const ended = run.ended.then(({ code, signal, stderr }) => {
      throw new Error(`the import ended with ${code ?? signal}: ${stderr}`)
    })
    await Promise.race([moved, ended])
    return run
  }

  /** An import that stands still amid its work, until SIGCONT; then it gets the rest. */
  async function frozen(): Promise<CopyProcess> {
    const most = share(0.5)
    const run = await begun(most, 10)
    stopProcess(run.child.pid as number)
    run.feed(bytes.subarray(most.length))
    run.endInput()
    return run
  }

  it(`killed ${KILLS} times on etcd, and taken up each time: identical`, async () => {
    const lines = bytes.toString('latin1').split('\n').length
    expect(lines / (KILLS + 1) / (TXN_OPS - 2), 'steps of a share').to.be.above(MOVES_MAX - 1)
    let line = 0
    for (let kill = 1; kill <= KILLS; kill++) {
      const run = await begun(share(kill / (KILLS + 1)), 1 + Math.floor(random() * MOVES_MAX))
      await sleep(random() * 5)
      await run.kill()
      expect(await client.get(`${prefix}/head`).string(), 'no tree yet').to.equal(null)
      const mark = JSON.parse((await client.get(`${prefix}/import`).string()) ?? '{}')
      expect(mark.line, 'line of the mark').to.be.at.least(line)
      line = mark.line
    }
    expect(line, 'lines that need no second import').to.be.above(0)
    expect(await succeed(importing(), { input })).to.include(`(resumed after line ${line})`)
    await expectSame(url, prefix)
  })

  it('killed at random commits on files, and taken up each time: identical', async () => {
    const at = join(folder, 'killed')
    mkdirSync(at)
    const args = ['import', '--store', `file:${at}`]
    let killed = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const run = new CopyProcess(args, { input })
      // Two for each commit, and some more for the first.
      let left = 4 + Math.floor(random() * (2 + kill))
      const watcher = watch(at, (_, name) => {
        if (name === 'data.mdb' && --left === 0) run.child.kill('SIGKILL')
      })
      const { code, signal, stderr } = await run.ended
      watcher.close()
      if (code !== 0) expect(signal, stderr).to.equal('SIGKILL')
      if (signal !== null) killed++
    }
    expect(killed).to.be.above(1)
    await succeed(args, { input })
    await expectSame(`file:${at}`)
  })

  it('killed when the last step is done: run again, it says that all is there', async () => {
    const { moved } = await markMoves(1, 'delete')
    const run = new CopyProcess(importing(), { input })
    await moved
    await run.kill()
    expect(await succeed(importing(), { input })).to.match(/^was there already: \d+ znodes/m)
    await expectSame(url, prefix)
  })

  it('half a tree: neither served nor exported, nor mixed with another file', async () => {
    await (await frozen()).kill()
    const says = new RegExp(
      `^error: an import into ${prefix} was begun and is not finished: .*$`,
      'm',
    )
    const proxy = new AnykeeperProcess(await freePort(), { store: url, prefix })
    const refused = await proxy.start().catch((error: Error) => error.message)
    await proxy.kill()
    expect(refused)
      .to.match(/exit 1/)
      .and.match(says)
    const half = await runCopy(['export', '--store', url, '--prefix', prefix])
    expect(half).to.include({ code: 1, stdout: '' })
    expect(half.stderr).to.match(says)
    const other = join(folder, 'other.jsonl')
    await succeed(['export', '--store', url, '--path', '/acl', '--output', other])
    const mixed = await runCopy(importing(), { input: other })
    expect(mixed.code).to.equal(1)
    expect(mixed.stderr).to.match(/^error: an import of another file was begun here/m)
    expect(await succeed(importing(), { input })).to.match(/resumed after line/)
    await expectSame(url, prefix)
  })

  it('two at once: the later one goes on, the earlier one is told and writes nothing more', async () => {
    const run = await frozen()
    expect(await succeed(importing(), { input })).to.match(/resumed after line/)
    run.child.kill('SIGCONT')
    const { code, stderr } = await run.ended
    expect(code).to.equal(1)
    expect(stderr).to.match(/^error: this import was ended: another process has completed it$/m)
    await expectSame(url, prefix)
  })

  it('two that start together: one of them makes the tree', async () => {
    const runs = await Promise.all([1, 2].map(() => runCopy(importing(), { input })))
    const failed = runs.filter(({ code }) => code !== 0)
    expect(failed).to.have.length.below(2)
    for (const { code, stderr } of failed) {
      expect(code).to.equal(1)
      // The second when the first had done all of it before the other process was up.
      expect(stderr).to.match(
        /^error: (this import was ended: another|there are keys below .* already)/m,
      )
    }
    await expectSame(url, prefix)
  })

  it('abandoned: nothing is left, the running import ends, another may begin', async () => {
    const run = await frozen()
    const abandon = ['import', '--store', url, '--prefix', prefix, '--abandon']
    expect(await succeed(abandon)).to.match(/^abandoned the import into .*: \d+ records removed$/m)
    expect(await client.getAll().prefix(`${prefix}/`).keys()).to.deep.equal([])
    run.child.kill('SIGCONT')
    const { code, stderr } = await run.ended
    expect(code).to.equal(1)
    expect(stderr).to.match(/another process has abandoned it/)
    expect(await succeed(abandon)).to.match(/there is no unfinished import .*: nothing was removed/)
    await succeed(importing(), { input })
    expect(await succeed(abandon), 'a whole tree is safe').to.match(/nothing was removed/)
    await expectSame(url, prefix)
  })

  it('etcd killed and started again meanwhile: it waits, and goes on', async () => {
    const run = await frozen()
    await etcd!.kill()
    run.child.kill('SIGCONT')
    // Until it is there again, every call of the import is refused.
    await etcd!.restart()
    const { code, stderr } = await run.ended
    expect(code, stderr).to.equal(0)
    await expectSame(url, prefix)
  })

  it('a folder that is served: refused by its lock, and the server goes on', async () => {
    const store = `file:${join(folder, 'served')}`
    const proxy = await startAnykeeper({ store })
    try {
      for (const command of ['export', 'import']) {
        const { code, stderr } = await runCopy([command, '--store', store], { input })
        expect(code).to.equal(1)
        expect(stderr).to.match(
          /^error: .* is in use by process \d+: a file store serves one process/,
        )
      }
      expect(await proxy.fourLetterWord('ruok')).to.equal('imok')
    } finally {
      await proxy.stop()
    }
  })

  it('a prefix that is served: not imported into, whether it has a tree or not', async () => {
    const proxy = await startAnykeeper({ store: url, prefix })
    try {
      const { code, stderr } = await runCopy(importing(), { input })
      expect(code).to.equal(1)
      expect(stderr).to.match(/^error: a proxy serves \/import-\d+, or did a few seconds ago/)
    } finally {
      await proxy.stop()
    }
    const existing = await runCopy(['import', '--store', url], { input })
    expect(existing.code).to.equal(1)
    expect(existing.stderr).to.match(/^error: there is a tree below \/anykeeper already/)
  })

  it('a pipe that is cut, a file that was changed: the line, and nothing is served', async () => {
    const cut = new CopyProcess(importing())
    cut.feed(bytes.subarray(0, 200_000))
    cut.endInput()
    const ended = await cut.ended
    expect(ended.code).to.equal(1)
    expect(ended.stderr).to.match(/^error: line \d+: the file ends in the middle of it$/m)
    expect(await client.get(`${prefix}/head`).string()).to.equal(null)
    expect(await client.get(`${prefix}/import`).string(), 'it may be taken up').to.not.equal(null)
    // A file is read to its end before anything is written.
    prefix += '-b'
    const changed = join(folder, 'changed.jsonl')
    const at = bytes.indexOf('"ctime":1') + 10
    writeFileSync(changed, flipped(bytes, at))
    for (const streams of [{ input: changed }, {}]) {
      const args = 'input' in streams ? [] : ['--input', changed]
      const { code, stderr } = await runCopy([...importing(), ...args], streams)
      expect(code).to.equal(1)
      expect(stderr).to.match(/^error: line \d+: the digest is another one/)
    }
    expect(await client.getAll().prefix(`${prefix}/`).keys()).to.deep.equal([])
  })
})

/** With another digit at that place. */
function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes)
  changed[at] = bytes[at] === 0x30 ? 0x31 : 0x30
  return changed
}
