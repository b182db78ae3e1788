/** `anykeeper repair` and an export of a damaged tree, as processes: what they say, save and end with. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, Keeper } from '../../lib/index.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { endCopies, runCopy } from './copy-process.ts'

describe('copy/repair', () => {
  let folder: string
  let store: string

  beforeEach(async () => {
    folder = temporaryFolder('repair')
    store = `file:${join(folder, 'data')}`
    const opened = await openStore(store)
    const keeper = await Keeper.open({ store: opened })
    const client = await connect(keeper)
    await client.create('/a', Buffer.from('data'))
    await client.create('/a/b', Buffer.from('lost'))
    await client.create('/a/b/c', Buffer.from('kept'))
    await client.close()
    await keeper.close()
    await opened.close()
  })
  afterEach(async () => {
    await endCopies()
    removeFolder(folder)
  })

  async function change(key: string, value: string): Promise<void> {
    const opened = await openStore(store)
    const op = {
      type: 'put',
      key: Buffer.from(`/anykeeper/${key}`),
      value: Buffer.from(value),
    } as const
    await opened.txn({ compares: [], ops: [op] })
    await opened.close()
  }

  const repair = (...more: string[]) => runCopy(['repair', '--store', store, ...more])

  it('nothing is damaged: 0; no tree: 1; bad usage: 2', async () => {
    expect(await repair()).to.include({ code: 0 })
    const none = await repair('--prefix', '/other')
    expect(none).to.include({ code: 1 })
    expect(none.stderr).to.include('there is no tree below /other')
    expect(await repair('--what')).to.include({ code: 2 })
    const nowhere = await runCopy(['repair', '--store', `file:${join(folder, 'nowhere')}`])
    expect(nowhere.code).to.equal(1)
    expect(existsSync(join(folder, 'nowhere'))).to.equal(false)
  })

  it('names what it finds (3), mends it (4) with what goes saved before, and finds nothing then (0)', async () => {
    await change('n/a2/a/b', 'no record')
    const found = await repair('--dry-run')
    expect(found).to.include({ code: 3 })
    expect(found.stderr).to.include('found: the record of znode /a/b cannot be read')
    const output = join(folder, 'tree.jsonl')
    const out = await runCopy(['export', '--store', store, '--output', output])
    expect(out).to.include({ code: 3 })
    expect(out.stderr).to.include('warning: the record of znode /a/b cannot be read')
    expect(readFileSync(output, 'utf8')).to.include('"path":"/a/b/c"').and.include('"data":"kept"')
    const save = join(folder, 'removed.jsonl')
    const mended = await repair('--save', save)
    expect(mended).to.include({ code: 4 })
    expect(mended.stderr).to.include('mended: /a/b is put back without its data')
    const saved = readFileSync(save, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const record = saved.find(({ key }) => key === '/anykeeper/n/a2/a/b')
    expect(Buffer.from(record.base64, 'base64').toString()).to.equal('no record')
    expect(statSync(save).mode & 0o777).to.equal(0o600)
    expect(await repair('--dry-run')).to.include({ code: 0 })
    expect(await runCopy(['export', '--store', store, '--output', output])).to.include({ code: 0 })
    // What is there is never overwritten: nothing is written to the store then.
    await change('n/a2/a/b', 'no record again')
    expect(await repair('--save', save)).to.include({ code: 1 })
    expect(await repair('--dry-run')).to.include({ code: 3 })
  })

  it('an export of a damaged tree is imported', async () => {
    await change('n/a2/a/b', 'no record')
    const output = join(folder, 'tree.jsonl')
    await runCopy(['export', '--store', store, '--output', output])
    const target = `file:${join(folder, 'target')}`
    expect(await runCopy(['import', '--store', target, '--input', output])).to.include({ code: 0 })
    expect(readdirSync(folder)).to.include('target')
  })

  it('a registered proxy: nothing is written unless it is forced', async () => {
    await change('p/00000000000000ff', '{"f":1}')
    await change('n/a2/a/b', 'no record')
    const save = join(folder, 'removed.jsonl')
    const refused = await repair('--save', save)
    expect(refused).to.include({ code: 1 })
    expect(refused.stderr).to.include('proxies serve /anykeeper').and.include('00000000000000ff')
    expect(existsSync(save)).to.equal(false)
    expect(await repair('--save', save, '--force')).to.include({ code: 4 })
  })

  it('a newer version wrote it: repair, export and a server end with 1 and say so, and nothing is written', async () => {
    await change('n/a2/a/b', '{"f":2}\n')
    const save = join(folder, 'removed.jsonl')
    const output = join(folder, 'tree.jsonl')
    for (const args of [
      ['repair', '--dry-run'],
      ['repair', '--save', save, '--force'],
      ['export', '--output', output],
      ['serve', '--listen', '127.0.0.1:0'],
    ]) {
      const { code, stderr } = await runCopy([...args, '--store', store])
      expect(code, args.join(' ')).to.equal(1)
      const why =
        'error: /anykeeper/n/a2/a/b: znode /a/b has format 2, and this anykeeper reads no newer one than 1: it is too old'
      expect(stderr, args.join(' ')).to.include(why).and.not.include('anykeeper repair')
    }
    expect(existsSync(save) || existsSync(output)).to.equal(false)
  })
})
