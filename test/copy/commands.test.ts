/** `anykeeper export` and `import` as commands: what they take, say, and end with. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, Keeper } from '../../lib/index.ts'
import { freePort } from '../support/free-port.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { CopyProcess, runCopy, succeed } from './copy-process.ts'

const SUMMARY = /^(\w+) (\d+) znodes, (\d+) sessions, zxid 0x[0-9a-f]+, sha256 ([0-9a-f]{64})$/m

describe('copy: the commands', function () {
  this.timeout(30_000)
  let folder: string
  let source: string
  let whole: string

  before(async () => {
    folder = temporaryFolder('copy-commands')
    source = `file:${join(folder, 'source')}`
    const store = await openStore(source)
    const keeper = await Keeper.open({ store })
    const client = await connect(keeper, { timeoutMs: 10_000 })
    await client.create('/big', null)
    for (let i = 0; i < 40; i++) await client.create(`/big/${i}`, Buffer.alloc(10_000, `${i}`))
    await client.create('/ephemeral', null, { mode: 'ephemeral' })
    await keeper.close()
    await store.close()
    whole = join(folder, 'whole.jsonl')
    await succeed(['export', '--store', source], { output: whole })
  })
  after(() => {
    if (folder !== undefined) removeFolder(folder)
  })

  it('--store-file: each command takes the URL of its store from a file', async () => {
    const file = join(folder, 'source-url')
    writeFileSync(file, `${source}\n`)
    const { stdout } = await runCopy(['export', '--store-file', file])
    expect(stdout).to.equal(readFileSync(whole, 'utf8'))
    const repaired = await runCopy(['repair', '--store-file', file, '--dry-run'])
    expect([repaired.code, repaired.stderr]).to.deep.equal([
      0,
      `examined the tree below /anykeeper in ${source}\n`,
    ])
    const target = join(folder, 'target-url')
    writeFileSync(target, `file:${join(folder, 'from-file')}`)
    await succeed(['import', '--store-file', target], { input: whole })
    const again = await runCopy(['export', '--store-file', target])
    expect(again.stdout).to.equal(readFileSync(whole, 'utf8'))
  })

  const wrong: [what: string, args: string[], says: RegExp][] = [
    ['export without a store', ['export'], /name the store with --store <url>, or its file/],
    ['import without a store', ['import'], /name the store with --store <url>, or its file/],
    ['repair without a store', ['repair'], /name the store with --store <url>, or its file/],
    [
      'a store given twice',
      ['export', '--store', 'file:x', '--store-file', 'y'],
      /store is given twice, itself and in a file: omit one of the two/,
    ],
    [
      'a file of the store that is not there',
      ['import', '--store-file', '/absent/file'],
      /--store-file: ENOENT/,
    ],
    ['an unknown flag', ['export', '--store', 'file:x', '--frobnicate'], /unknown option/],
    ['an argument too many', ['import', '--store', 'file:x', 'y'], /too many arguments/],
    ['a store that is none', ['export', '--store', 'bolt://x'], /store URL must begin with one of/],
    ['a relative prefix', ['import', '--store', 'file:x', '--prefix', 'a'], /--prefix.*expected/],
    ['a path that is none', ['export', '--store', 'file:x', '--path', '/a/'], /--path.*of a znode/],
    [
      'a file to be abandoned',
      ['import', '--store', 'file:x', '--abandon', '--input', 'y'],
      /'--abandon' cannot be used with option '--input <file>'/,
    ],
    ['an import into nowhere', ['import', '--store', 'memory:'], /ends with the process/],
  ]
  for (const [what, args, says] of wrong) {
    it(`${what}: one sentence on stderr, exit 2`, async () => {
      const { code, stdout, stderr } = await runCopy(args)
      expect(stderr)
        .to.match(says)
        .and.match(/^error: .+\n$/)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    })
  }

  it('export says what it wrote, by the same digest as the last line', async () => {
    const { code, stdout, stderr } = await runCopy(['export', '--store', source])
    expect(code).to.equal(0)
    expect(stdout).to.equal(readFileSync(whole, 'utf8'))
    const [, did, znodes, sessions, sha256] = SUMMARY.exec(stderr)!
    expect([did, znodes, sessions]).to.deep.equal(['exported', '46', '1'])
    const end = stdout.lastIndexOf('\n', stdout.length - 2) + 1
    expect(createHash('sha256').update(stdout.slice(0, end)).digest('hex')).to.equal(sha256)
    expect(JSON.parse(stdout.slice(end))).to.include({ sha256 })
  })

  it('a part of the tree, or without ephemerals', async () => {
    const part = await runCopy(['export', '--store', source, '--path', '/big/7'])
    expect(part.stderr).to.match(/^exported 3 znodes, 0 sessions/m)
    const persistent = await runCopy(['export', '--store', source, '--without-ephemerals'])
    expect(persistent.stderr).to.match(/^exported 45 znodes, 0 sessions/m)
    expect(persistent.stdout).to.not.contain('owner')
  })

  it('a reader that has enough: no words, exit 1', async () => {
    const run = new CopyProcess(['export', '--store', source])
    run.endInput()
    await once(run.child.stdout!, 'data')
    run.child.stdout!.destroy()
    const { code, stderr } = await run.ended
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' })
  })

  it('--output: for its owner alone, whole or not at all, in place of an older one', async () => {
    const output = join(folder, 'out', 'tree.jsonl')
    const args = ['export', '--store', source, '--output', output]
    const failed = await runCopy(args)
    expect(failed.code).to.equal(2)
    expect(failed.stderr).to.match(
      /^error: --output .*tree\.jsonl: there is no such file or folder \(ENOENT\)/,
    )
    const here = join(folder, 'tree.jsonl')
    writeFileSync(here, 'older')
    const { stdout } = await runCopy(['export', '--store', source, '--output', here])
    expect(stdout).to.equal('')
    expect(readFileSync(here, 'utf8')).to.equal(readFileSync(whole, 'utf8'))
    expect(statSync(here).mode & 0o777).to.equal(0o600)
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).to.deep.equal([])
    // What is no ordinary file is written to, not replaced.
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const [read] = await Promise.all([
      readFile(pipe, 'utf8'),
      succeed(['export', '--store', source, '--output', pipe]),
    ])
    expect(read).to.equal(readFileSync(whole, 'utf8'))
  })

  it('nothing to export: said, exit 1, and nothing is made', async () => {
    const absent = join(folder, 'absent')
    for (const args of [
      ['export', '--store', `file:${absent}`],
      ['import', '--store', `file:${absent}`, '--abandon'],
    ]) {
      const { code, stderr } = await runCopy(args)
      expect(code).to.equal(1)
      expect(stderr).to.equal(`error: there is no data in ${absent}\n`)
    }
    expect(existsSync(absent)).to.equal(false)
    const elsewhere = await runCopy(['export', '--store', source, '--prefix', '/else'])
    expect(elsewhere.code).to.equal(1)
    expect(elsewhere.stderr).to.equal('error: there is no tree below /else in this store\n')
    const memory = await runCopy(['export', '--store', 'memory:'])
    expect(memory.stderr).to.match(/^error: there is no tree/)
    const unknown = await runCopy(['export', '--store', source, '--path', '/x'])
    expect(unknown.stderr).to.equal('error: there is no znode /x\n')
  })

  it('import from a file, from a pipe, from --input: the same', async () => {
    const { stderr: exported } = await runCopy(['export', '--store', source])
    const expected = SUMMARY.exec(exported)!.slice(2)
    const runs: ((store: string) => Promise<string>)[] = [
      (store) => succeed(['import', '--store', store], { input: whole }),
      (store) => succeed(['import', '--store', store, '--input', whole]),
      async (store) => {
        const run = new CopyProcess(['import', '--store', store])
        run.feed(readFileSync(whole))
        run.endInput()
        return (await run.ended).stderr
      },
    ]
    for (const [i, run] of runs.entries()) {
      const store = `file:${join(folder, `target-${i}`)}`
      const [, did, ...what] = SUMMARY.exec(await run(store))!
      expect([did, ...what]).to.deep.equal(['imported', ...expected])
      const { stdout } = await runCopy(['export', '--store', store])
      expect(stdout).to.equal(readFileSync(whole, 'utf8'))
    }
  })

  const bad = (): string => `file:${join(folder, 'bad')}`
  const refused: [what: string, change: (text: string) => string, says: RegExp][] = [
    ['nothing', () => '', /^error: the input is empty$/m],
    ['something else', () => 'hello\n', /^error: line 1: this is no export of anykeeper/],
    ['a newer format', (text) => text.replace('"version":1', '"version":2'), /in version 2 of the/],
    [
      'a file cut short',
      (text) => text.slice(0, 100_000),
      /^error: line 1\d: the file ends in the/,
    ],
    [
      'a line lost',
      (text) => text.replace(/.*big\/20.*\n/, ''),
      /^error: line 48: 45 znodes and 1/,
    ],
  ]
  for (const [what, change, says] of refused) {
    it(`${what}: refused with the line, exit 1`, async () => {
      const input = join(folder, 'bad.jsonl')
      writeFileSync(input, change(readFileSync(whole, 'utf8')))
      const { code, stderr } = await runCopy(['import', '--store', bad()], { input })
      expect(stderr)
        .to.match(says)
        .and.match(/^error: .+\n$/)
      expect(code).to.equal(1)
    })
  }

  it('of none of them anything was written', async () => {
    const abandon = await succeed(['import', '--store', bad(), '--abandon'])
    expect(abandon).to.match(/^there is no unfinished import/)
  })

  it('a znode larger than etcd would take is told by its path', async () => {
    const large = join(folder, 'large.jsonl')
    writeFileSync(large, readFileSync(whole, 'utf8').replace('"bytes":10000', '"bytes":99999999'))
    const store = `file:${join(folder, 'small')}`
    const { code, stderr } = await runCopy(['import', '--store', store], { input: large })
    expect(code).to.equal(1)
    expect(stderr).to.match(/^error: line 1: \/big\/0 has 99999999 bytes of data: .* this store/)
  })

  it('a store that is not there: said once, and never with its password', async () => {
    const store = `etcd://root:hunter2@127.0.0.1:${await freePort()}`
    for (const command of ['export', 'import']) {
      const { code, stdout, stderr } = await runCopy([command, '--store', store], { input: whole })
      expect(stderr).to.match(/^error: .+\n$/)
      expect(stderr + stdout).to.not.contain('hunter2')
      expect(code).to.equal(1)
    }
  })
})
