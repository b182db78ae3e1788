/** The example that follows changes: killed, it resumes where it was. */
import { join } from 'node:path'
import { expect } from 'chai'
import { connect, createOrSet, mkdirp } from '../../index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

describe('the example follow-changes', function () {
  this.timeout(120_000)
  let etcd: EtcdServer | undefined
  let folder: string
  const children: Child[] = []

  before(async function () {
    requireEtcd(this)
    etcd = await startEtcd()
    folder = temporaryFolder('example')
  })
  after(async () => {
    for (const child of children) await child.kill()
    await etcd?.stop()
    removeFolder(folder)
  })

  const run = (file: string): Child => {
    const store = `etcd://127.0.0.1:${etcd!.port}`
    const position = join(folder, 'position')
    const child = spawnChild({
      name: file,
      command: process.execPath,
      args: ['--import', 'tsx', `examples/${file}`],
      env: { ...process.env, ANYKEEPER_STORE: store, POSITION_FILE: position },
    })
    children.push(child)
    return child
  }
  /** Sets /app/config once. */
  async function write(): Promise<void> {
    const zk = await connect(`etcd://127.0.0.1:${etcd!.port}`)
    await mkdirp(zk, '/app')
    await createOrSet(zk, '/app/config', Buffer.from('hello'))
    await zk.close()
  }

  it('begins with what is there, and resumes behind a kill with what came meanwhile', async () => {
    await write()
    const first = run('follow-changes.ts')
    await first.waitForLine(/^there: \/app\/config 0/)
    await write()
    await first.waitForLine(/^setData: \/app\/config/)
    await first.kill()
    await write()
    const second = run('follow-changes.ts')
    await second.waitForLine(/^setData: \/app\/config/)
    await write()
    await second.waitUntil('the last change', () => lines(second).length === 3)
    expect(lines(second)).to.deep.equal(['resumed', ...Array(2).fill('setData: /app/config')])
    second.signal('SIGTERM')
    expect(await second.exited).to.include({ code: 0 })
  })

  const lines = ({ output }: Child): string[] => output.trim().split('\n')
})
