/**
 * What no ensemble should have, and some have: a znode that the store does not take, and logs with damage or a gap. Each ends with
 * a sentence, nothing is half done, and there is a way on. On a real ZooKeeper 3.9.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, type MetadataStore } from '../../lib/index.ts'
import { migrationStatus } from '../../lib/internal.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { RawClient } from '../support/raw-client.ts'
import { etcdProgram, requireOrSkip } from '../support/requirements.ts'
import { anykeeperProgram } from '../support/run-anykeeper.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { startZookeeperLeader, type ZookeeperServer } from '../support/zookeeper-server.ts'

const LATE_MS = 90_000
const LARGE_BYTES = 2_000_000

describe('migrate: unfair input', function () {
  this.timeout(240_000)
  const folder = temporaryFolder('unfair')
  const children: Child[] = []
  let etcd: EtcdServer
  let store: MetadataStore
  let zookeeper: ZookeeperServer

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9')
    etcd = await startEtcd({ binary: etcdProgram() })
    store = await openStore(`etcd://${etcd.host}`)
    const properties = { 'jute.maxbuffer': String(2 * LARGE_BYTES) }
    zookeeper = (await startZookeeperLeader({ version: '3.9', properties })).server
  })
  after(async () => {
    for (const child of children) await child.kill()
    await zookeeper?.stop()
    await store?.close()
    await etcd?.stop()
    removeFolder(folder)
  })

  function migrate(...args: string[]): Child {
    const child = spawnChild({
      name: `migrate ${args[0]}`,
      command: process.execPath,
      args: [...anykeeperProgram, 'migrate', ...args],
    })
    children.push(child)
    return child
  }

  async function ended(child: Child): Promise<{ code: number | null; output: string }> {
    const { code } = await child.exited
    await child.outputEnded
    return { code, output: child.output }
  }

  const source = (): string[] => ['--source', zookeeper.connectString]

  async function written(...paths: string[]): Promise<void> {
    const client = await connect(`zk://${zookeeper.connectString}`)
    for (const path of paths) await client.create(path, Buffer.from(path))
    await client.close()
  }

  it('a znode too large for the store: follow stops and names it, and so does check', async () => {
    const place = ['--store', `etcd://${etcd.host}`, '--prefix', '/large']
    const follower = migrate('follow', ...source(), ...place)
    await follower.waitForLine(/the tree of the ensemble is copied/, { timeoutMs: LATE_MS })
    const client = await RawClient.connect({ port: zookeeper.port, timeoutMs: 40_000 })
    const made = await client.create('/too-large', { data: Buffer.alloc(LARGE_BYTES) })
    expect(made.err).to.equal(0)
    const stopped = await ended(follower)
    expect(stopped.code, stopped.output).to.equal(6)
    expect(stopped.output).to.match(/does not take .* \/too-large has 2000000 bytes/)
    const { record } = await migrationStatus({ store, prefix: '/large' })
    expect(record?.phase).to.equal('following')
    expect(record?.trouble).to.match(/\/too-large has 2000000 bytes/)

    const checked = await ended(migrate('check', ...source()))
    expect(checked.code, checked.output).to.equal(8)
    expect(checked.output).to.match(/1 znode has more data.*\/too-large \(2000000 bytes\)/)

    // Removed, it is still among the transactions that are missing: the copy is made again, without it.
    await client.delete('/too-large')
    await client.close()
    const abandoned = await ended(migrate('abandon', ...place))
    expect(abandoned.code, abandoned.output).to.equal(0)
    const again = migrate('follow', ...source(), ...place)
    await again.waitForLine(/the tree of the ensemble is copied/, { timeoutMs: LATE_MS })
    await again.stop()
  })

  it('--tail with damage, or a gap, or nothing: refused with the file, and the true logs still serve', async () => {
    const place = ['--store', `file:${join(folder, 'store')}`]
    const follower = migrate('follow', ...source(), ...place)
    await follower.waitForLine(/the tree of the ensemble is copied/, { timeoutMs: LATE_MS })
    await follower.kill()
    // A log each: what a server that starts writes goes into a new one.
    for (const paths of [['/one', '/two'], ['/three', '/four'], ['/five']]) {
      await written(...paths)
      await zookeeper.end()
      await zookeeper.start()
    }
    await written('/six')
    await zookeeper.end()
    const logs = readdirSync(join(zookeeper.dataDir, 'version-2'))
      .filter((name) => name.startsWith('log.'))
      .sort((a, b) => Number.parseInt(a.slice(4), 16) - Number.parseInt(b.slice(4), 16))
    const copied = (name: string): string => {
      const to = join(folder, name)
      cpSync(zookeeper.dataDir, to, { recursive: true })
      return to
    }
    const refused = async (dir: string, sentence: RegExp, at = place): Promise<void> => {
      const { code, output } = await ended(migrate('take-over', ...at, '--tail', dir))
      expect(code, output).to.equal(1)
      expect(output).to.match(sentence)
      expect(output).to.not.match(/\n\s+at /)
      const status = await ended(migrate('status', ...at, '--json'))
      expect(JSON.parse(status.output)).to.have.nested.property('record.phase', 'following')
    }

    const nothing = copied('nothing')
    for (const name of logs) rmSync(join(nothing, 'version-2', name))
    await refused(nothing, /there is no transaction log in/)

    const missing = logs.at(-2)!
    const damaged = copied('damaged')
    const file = join(damaged, 'version-2', missing)
    const bytes = readFileSync(file)
    const at = bytes.indexOf('/five')
    bytes[at + 1] = bytes[at + 1]! ^ 1
    writeFileSync(file, bytes)
    await refused(damaged, new RegExp(`${missing}: `))

    // Where the log is missing that ended an epoch, only the digest shows it; nothing behind it is written.
    const gappy = copied('gappy')
    rmSync(join(gappy, 'version-2', missing))
    const copy = join(folder, 'copy')
    cpSync(join(folder, 'store'), copy, { recursive: true })
    const other = ['--store', `file:${copy}`]
    await refused(gappy, / follows 0x[0-9a-f]+.*: a log is missing/, other)
    // Nothing of them was written: the whole ones continue the tree.
    const whole = await ended(migrate('take-over', ...other, '--tail', zookeeper.dataDir))
    expect(whole.code, whole.output).to.equal(0)

    const taken = await ended(migrate('take-over', ...place, '--tail', zookeeper.dataDir))
    expect(taken.code, taken.output).to.equal(0)
    expect(taken.output).to.match(/taken over: .* transactions from the logs/)
    const exported = await ended(
      spawnChild({
        name: 'export',
        command: process.execPath,
        args: [...anykeeperProgram, 'export', ...place],
      }),
    )
    for (const path of ['/one', '/two', '/three', '/four', '/five', '/six']) {
      expect(exported.output).to.include(`"${path}"`)
    }
  })
})
