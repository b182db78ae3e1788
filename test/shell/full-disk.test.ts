/** What copies meets a disk that is full: a sentence with the flag, nothing half, and what was there before stays. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, Keeper } from '../../index.ts'
import { type SmallDisk, smallDisk } from '../support/small-disk.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { CommandRun, endCommands, run } from './command-run.ts'

/** More than the disk has, in every format. */
const ZNODES = 8
const ZNODE_BYTES = 500_000
const DISK_BYTES = 2_000_000

describe('shell: a full disk', function () {
  this.timeout(60_000)
  let folder: string
  let store: string
  let disk: SmallDisk

  before(async function () {
    disk = smallDisk(this, DISK_BYTES)
    folder = temporaryFolder('shell-full-disk')
    store = `file:${join(folder, 'data')}`
    const opened = await openStore(store)
    const keeper = await Keeper.open({ store: opened })
    const zk = await connect(keeper)
    for (let i = 0; i < ZNODES; i++) await zk.create(`/${i}`, Buffer.alloc(ZNODE_BYTES, `${i}`))
    await zk.close()
    await keeper.close()
    await opened.close()
  })
  after(() => {
    disk?.remove()
    if (folder !== undefined) removeFolder(folder)
  })
  afterEach(endCommands)

  it('export, a snapshot for ZooKeeper, backup: said, nothing is left, and an older file stays', async () => {
    const output = join(disk.path, 'tree.jsonl')
    writeFileSync(output, 'older')
    const free = disk.freeBytes
    const cases: [args: string[], says: RegExp][] = [
      [
        ['export', '--store', store, '--output', output],
        /^error: --output .*tree\.jsonl: no space is left there \(ENOSPC\)\n$/,
      ],
      [
        ['export', '--store', store, '--format', 'zookeeper-snapshot', disk.path],
        /^error: <dir> .*: no space is left there \(ENOSPC\)\n$/,
      ],
      [
        ['backup', '--store', store, join(disk.path, 'copy')],
        /^error: there is no space left for .*copy\n$/,
      ],
    ]
    for (const [args, says] of cases) {
      const { code, err } = await run(args)
      expect(code, err).to.equal(1)
      expect(err).to.match(says)
    }
    expect(readFileSync(output, 'utf8')).to.equal('older')
    expect(readdirSync(disk.path).sort()).to.deep.equal(['tree.jsonl', 'version-2'])
    expect(readdirSync(join(disk.path, 'version-2'))).to.deep.equal([])
    expect(disk.freeBytes).to.be.at.least(free - 16_384)
  })

  it('not even a byte is left: the same, before the tree is read', async () => {
    const release = disk.fill()
    try {
      for (const args of [
        ['export', '--store', store, '--output', join(disk.path, 'tree.jsonl')],
        ['backup', '--store', store, join(disk.path, 'copy')],
      ]) {
        const { code, err } = await run(args)
        expect(code, err).to.be.within(1, 2)
        expect(err).to.match(/^error: .*no space/)
      }
    } finally {
      release()
    }
    expect(readdirSync(disk.path).sort()).to.deep.equal(['tree.jsonl', 'version-2'])
  })

  it('stdout on it: exit 1, and the file has no last line', async () => {
    const output = join(disk.path, 'stdout.jsonl')
    const built = join(import.meta.dirname, '../../dist/cli.js')
    const line = `${process.execPath} ${built} export --store ${store} > ${output}`
    const { code, err } = await new CommandRun('bash', ['-c', line]).ended
    expect(code, err).to.equal(1)
    expect(err)
      .to.match(/ENOSPC/)
      .and.not.match(/^\s+at /m)
    expect(readFileSync(output, 'utf8')).to.not.contain('"end":true')
    const again = await run(['import', '--store', `file:${join(folder, 'x')}`, '--input', output])
    expect(again.code).to.equal(1)
    expect(again.err).to.match(/the file ends in the middle of it|cut short/)
  })
})
