/** `anykeeper backup`: a store in files, copied while a server writes to it, and what is left when one of them is killed. */
import { existsSync, readdirSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { beginUnfinished } from '../../adapters/index.ts'
import { connect, type ZooKeeper } from '../../index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { eventually, within } from '../support/eventually.ts'
import { stopProcess } from '../support/stop-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { endCommands, run, start } from './command-run.ts'

/** So that a copy takes long enough to be killed. */
const LARGE = 60
const LARGE_BYTES = 1_000_000

describe('shell: backup of a store in files', function () {
  this.timeout(120_000)
  let folder: string
  let store: string
  let server: AnykeeperProcess
  let zk: ZooKeeper
  /** Sequence numbers that were acknowledged. */
  let written = 0
  let isWriting = true
  let writing: Promise<void>

  before(async () => {
    folder = temporaryFolder('shell-backup')
    store = `file:${join(folder, 'data')}`
    server = await startAnykeeper({ store })
    zk = await connect(`zk://${server.connectString}`)
    await zk.create('/w')
    await zk.create('/large')
    for (let i = 0; i < LARGE; i++)
      await zk.create(`/large/${i}`, Buffer.alloc(LARGE_BYTES, `${i}`))
    writing = (async () => {
      while (isWriting) {
        await zk.create(`/w/${written}`, Buffer.from('x'))
        written++
      }
    })()
    // The last one ends with the server.
    writing.catch(() => {})
  })
  after(async () => {
    isWriting = false
    await writing?.catch(() => {})
    await zk?.close()
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })
  afterEach(endCommands)

  const copyOf = (name: string): string => join(folder, name)

  /** What a server on the copy has. */
  async function numbersIn(copy: string): Promise<number[]> {
    const restored = await startAnykeeper({ store: `file:${copy}` })
    try {
      const client = await connect(`zk://${restored.connectString}`)
      const { children } = await client.getChildren('/w')
      const large = await client.getChildren('/large')
      expect(large.children).to.have.length(LARGE)
      const { data } = await client.getData(`/large/${LARGE - 1}`)
      expect(data?.length).to.equal(LARGE_BYTES)
      await client.create('/serves')
      await client.close()
      return children.map(Number).sort((a, b) => a - b)
    } finally {
      await restored.stop()
    }
  }

  it('while it serves: one state, with all that was acknowledged before, and a server starts on it', async () => {
    const before = written
    const { code, out, err } = await run(['backup', '--store', store, copyOf('first')])
    const after = written
    expect({ code, out }, err).to.deep.equal({ code: 0, out: '' })
    expect(err).to.match(/^copied \d+ records, .*MiB, to .*first\n$/m)
    expect(after, 'writes continued').to.be.above(before)
    const numbers = await numbersIn(copyOf('first'))
    // In order and without a gap: a mixture of two states would have some.
    expect(numbers).to.deep.equal(Array.from({ length: numbers.length }, (_, i) => i))
    expect(numbers.length).to.be.within(before, after + 1)
  })

  it('killed with SIGKILL in the middle: no copy, the server is well, and the next backup works', async () => {
    const unfinished = `${copyOf('second')}.anykeeper-unfinished`
    const killed = start(['backup', '--store', store, copyOf('second')])
    await eventually(
      'a copy that has begun',
      () => existsSync(join(unfinished, 'made', 'data.mdb')),
      60_000,
    )
    await killed.kill()
    expect(existsSync(copyOf('second'))).to.equal(false)
    const before = written
    await eventually('more writes', () => written > before + 10, 60_000)
    expect((await run(['backup', '--store', store, copyOf('second')])).code).to.equal(0)
    expect(existsSync(unfinished)).to.equal(false)
    expect((await numbersIn(copyOf('second'))).length).to.be.at.least(before)
  })

  it('ended with SIGTERM in the middle: said, and nothing is left', async () => {
    const begun = new Promise<void>((resolve) => {
      const watcher = watch(folder, (_event, name) => {
        if (name !== 'none.anykeeper-unfinished') return
        watcher.close()
        resolve()
      })
    })
    const ended = start(['backup', '--store', store, copyOf('none')])
    await within('a copy that has begun', 60_000, begun, () => ended.err)
    ended.signal('SIGTERM')
    expect(await ended.ended).to.include({
      code: 143,
      err: `interrupted: there is no copy in ${copyOf('none')}\n`,
    })
    expect(readdirSync(folder).filter((name) => name.startsWith('none'))).to.deep.equal([])
  })

  it('two into the same folder do not mix: the second is refused while the first lives', async () => {
    // Of this process, which lives.
    const first = await beginUnfinished(copyOf('none'))
    const { code, err } = await run(['backup', '--store', store, copyOf('none')])
    expect({ code, err }).to.deep.equal({
      code: 1,
      err: `error: ${copyOf('none')} is being written by process ${process.pid}: wait for it, or name another one\n`,
    })
    first.abandon()
    expect(readdirSync(folder).filter((name) => name.startsWith('none'))).to.deep.equal([])
  })

  it('a server that hangs does not hold it', async () => {
    stopProcess(server.child.pid)
    try {
      const { code, err } = await run(['backup', '--store', store, copyOf('hung')])
      expect(code, err).to.equal(0)
    } finally {
      process.kill(server.child.pid, 'SIGCONT')
    }
    removeFolder(copyOf('hung'))
  })

  it('refused: a folder that is there, a store that is none or in no files; nothing is changed', async () => {
    writeFileSync(copyOf('mine'), 'precious')
    const cases: [args: string[], code: number, says: RegExp][] = [
      [['--store', store, copyOf('mine')], 1, /mine is there already/],
      [['--store', store, copyOf('first')], 1, /first is there already/],
      [['--store', `file:${copyOf('absent')}`, copyOf('third')], 1, /there is no data/],
      [['--store', 'etcd://127.0.0.1:1', copyOf('third')], 2, /anykeeper export/],
      [
        ['--store', store, join(folder, 'no', 'such', 'parent')],
        1,
        /parent cannot be used: ENOENT/,
      ],
    ]
    for (const [args, code, says] of cases) {
      const ended = await run(['backup', ...args])
      expect({ code: ended.code, out: ended.out }, args.join(' ')).to.deep.equal({ code, out: '' })
      expect(ended.err).to.match(says)
    }
    expect(readdirSync(folder).sort()).to.deep.equal(['data', 'first', 'mine', 'second'])
  })

  it('the server is killed with SIGKILL: its store can be copied as it is, and nothing acknowledged is missing', async () => {
    const copying = start(['backup', '--store', store, copyOf('fourth')])
    await server.kill()
    isWriting = false
    await writing.catch(() => {})
    expect((await copying.ended).code).to.equal(0)
    expect((await run(['backup', '--store', store, copyOf('fifth')])).code).to.equal(0)
    expect((await numbersIn(copyOf('fifth'))).length).to.be.within(written, written + 1)
  })
})
