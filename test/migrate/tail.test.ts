/**
 * `migrate take-over --tail` with folders as they should not be, and with transactions that a real store does not take: each ends
 * with a sentence, within its time, and the tree is as it was.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { readTree } from '../../lib/index.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { runAnykeeper } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { create, type ScriptedSource } from '../unit/lib/migrate/scripted-source.ts'
import { logFiles } from '../unit/lib/migrate/written-logs.ts'
import { followedStore } from './ending/followed-store.ts'

const OWNER = 0x1000_0000_0001n

describe('migrate: take-over --tail on real stores', function () {
  this.timeout(60_000)
  let folder: string

  beforeEach(() => {
    folder = temporaryFolder('tail')
  })
  afterEach(() => removeFolder(folder))

  const takeOver = (url: string, tail: string) => {
    const place = ['--store', url, '--prefix', '/tail', '--tail', tail]
    return runAnykeeper(['migrate', 'take-over', ...place, '--timeout', '10'])
  }
  const linesIn = async (url: string): Promise<string> => {
    const store = await openStore(url, { create: false })
    try {
      return [...(await readTree({ store, prefix: '/tail' }))].join('')
    } finally {
      await store.close()
    }
  }

  /** A dataDir with one log: everything that was committed. */
  function dataDirOf({ log }: ScriptedSource, name: string): string {
    const dataDir = join(folder, name)
    mkdirSync(join(dataDir, 'version-2'), { recursive: true })
    for (const [file, bytes] of logFiles(log))
      writeFileSync(join(dataDir, 'version-2', file), bytes)
    return dataDir
  }

  /** Behind a small transaction one is too large by `dataBytes`; `on` takes it. */
  async function expectRefused(url: string, dataBytes: number): Promise<ScriptedSource> {
    const source = await followedStore(url, '/tail')
    source.commit(OWNER, create('/before'))
    source.commit(OWNER, create('/big', { data: 'x'.repeat(dataBytes) }))
    const before = await linesIn(url)
    const { code, stderr } = await takeOver(url, dataDirOf(source, 'large'))
    expect(stderr).to.match(
      new RegExp(
        `^error: .*/version-2: the store does not take the transaction 0x${source.zxid.toString(16)}, it is too large: /big has ${dataBytes} bytes; .*; nothing was taken of them\\n$`,
      ),
    )
    expect(code).to.equal(6)
    expect(await linesIn(url)).to.equal(before)
    return source
  }

  it('a transaction beyond --max-request-bytes of etcd, which nobody has named, and more than its quota', async function () {
    requireOrSkip(this, 'etcd')
    const flags = ['--max-request-bytes=300000', '--quota-backend-bytes=8000000']
    const etcd = await startEtcd({ binary: etcdProgram(), flags })
    try {
      const url = `etcd://${etcd.host}`
      const source = await expectRefused(url, 400_000)
      source.lose(1)
      for (let at = 0; at < 30; at++) {
        source.commit(OWNER, create(`/much-${at}`, { data: 'x'.repeat(290_000) }))
      }
      const all = await takeOver(url, dataDirOf(source, 'all'))
      expect(all.stderr).to.match(
        /^error: .*: with them the tree has 8700\d{3} bytes, and the store takes 8000000 bytes of all that is in it: let it take more; nothing was taken of them\n$/,
      )
      expect(all.code).to.equal(6)
      source.lose(30)
      const { code, stdout, stderr } = await takeOver(url, dataDirOf(source, 'small'))
      expect(stdout + stderr).to.match(/^taken over: .*, 1 transactions from the logs/)
      expect(code).to.equal(0)
    } finally {
      await etcd.stop()
    }
  })

  it('a transaction beyond what files take; then a log that is a pipe, for which nobody waits', async () => {
    const url = `file:${join(folder, 'store')}`
    const source = await expectRefused(url, 17 * 2 ** 20)
    source.lose(1)
    const dataDir = dataDirOf(source, 'pipe')
    const pipe = join(dataDir, 'version-2', 'log.10000ffff')
    expect(spawnSync('mkfifo', [pipe]).status).to.equal(0)
    const before = await linesIn(url)
    const { code, stderr } = await takeOver(url, dataDir)
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: `error: ${pipe} is no file\n` })
    expect(await linesIn(url)).to.equal(before)
  })
})
