/** The example of a test before a move: it passes where all is copied, also through an outage and again, and fails where it cannot be. */
import { expect } from 'chai'
import { connect, createOrSet, mkdirp, type ZooKeeper } from '../../index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeper, type ZookeeperServer } from '../support/zookeeper-server.ts'

const ZNODES = 500

describe('the example migration-check', function () {
  this.timeout(120_000)
  let etcd: EtcdServer | undefined
  let zookeeper: ZookeeperServer | undefined
  let source: ZooKeeper | undefined
  const children: Child[] = []

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9')
    etcd = await startEtcd()
    zookeeper = await startZookeeper({ version: '3.9' })
    source = await connect(`zk://${zookeeper.connectString}`)
    await source.create('/app')
    await source.create('/app/config', Buffer.from('{"batchMax":7}'))
    await source.create('/app/live', null, { mode: 'ephemeral' })
    await source.create('/app/empty', null, { mode: 'container' })
    await source.create('/app/jobs', null, { mode: 'container' })
    const jobs = Array.from({ length: ZNODES }, (_, at) => `/app/jobs/${at}`)
    await Promise.all(jobs.map((path) => source?.create(path, Buffer.from(path))))
  })
  afterEach(() => {
    etcd?.signal('SIGCONT')
  })
  after(async () => {
    for (const child of children) await child.kill()
    await source?.close()
    await zookeeper?.stop()
    await etcd?.stop()
  })

  function run(): Child {
    const child = spawnChild({
      name: 'migration-check.ts',
      command: process.execPath,
      args: ['--import', 'tsx', 'examples/migration-check.ts'],
      env: {
        MIGRATION_SOURCE: `zk://${zookeeper?.connectString}`,
        ANYKEEPER_STORE: `etcd://${etcd?.host}`,
      },
    })
    children.push(child)
    return child
  }

  async function passes(child: Child): Promise<void> {
    expect((await child.exited).code, child.output).to.equal(0)
    // /app, config, empty, jobs and what is in it.
    expect(child.output).to.match(new RegExp(`^copied: ${ZNODES + 4} znodes`, 'm'))
  }

  it('passes, also when the store stands still meanwhile', async () => {
    const child = run()
    await child.waitForLine(/^copying/)
    etcd?.signal('SIGSTOP')
    await child.waitForLine(/^session suspended/)
    etcd?.signal('SIGCONT')
    await passes(child)
  })

  it('passes again over what the first run, and somebody else, left there', async () => {
    await using target = await connect(`etcd://${etcd?.host}`)
    await createOrSet(target, '/app/config', Buffer.from('{"batchMax":8}'))
    await target.delete('/app/jobs/3')
    await mkdirp(target, '/app/of/another')
    await passes(run())
  })

  it('fails, and says why, where it may not read the source', async () => {
    await using owner = await connect(`zk://${zookeeper?.connectString}`, { digest: 'owner:x' })
    const acl = [{ perms: 31, id: { scheme: 'auth', id: '' } }]
    await owner.create('/app/secret', null, { acl })
    const child = run()
    expect((await child.exited).code).to.equal(1)
    expect(child.output).to.include('ZK_NO_AUTH').and.to.include('/app/secret')
  })
})
