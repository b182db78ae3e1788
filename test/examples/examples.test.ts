/** The examples run as they stand, on a real etcd, and do what they say. */
import { expect } from 'chai'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, requireEtcd, startEtcd } from '../support/etcd-server.ts'

describe('examples', function () {
  this.timeout(60_000)
  let etcd: EtcdServer
  const children: Child[] = []

  before(async function () {
    requireEtcd(this)
    etcd = await startEtcd()
  })
  after(async () => {
    for (const child of children) await child.kill()
    await etcd?.stop()
  })

  const run = (file: string): Child => {
    const child = spawnChild({
      name: file,
      command: process.execPath,
      args: ['--import', 'tsx', `examples/${file}`],
      env: { ...process.env, ANYKEEPER_STORE: `etcd://127.0.0.1:${etcd.port}` },
    })
    children.push(child)
    return child
  }

  it('leader-elected-controller: one leads, the next takes over when it goes', async () => {
    const first = run('leader-elected-controller.ts')
    await first.waitForLine(/^leading/)
    const second = run('leader-elected-controller.ts')
    await second.waitForLine(/^standing by/)
    expect(second.output).to.not.match(/^leading/m)
    first.signal('SIGTERM')
    await second.waitForLine(/^leading/)
    await first.exited
  })

  it('read-and-watch: sees its own change', async () => {
    const child = run('read-and-watch.ts')
    await child.waitForLine(/^version 1: hello/)
  })
})
