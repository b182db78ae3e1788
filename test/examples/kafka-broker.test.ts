/** The example of a broker on a proxy: it comes to its end, also through an outage, and again on the same store. */
import { dirname } from 'node:path'
import { expect } from 'chai'
import { connect, deleteRecursive } from '../../index.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { type EtcdServer, startEtcd } from '../support/etcd-server.ts'
import { kafkaLibs, requireOrSkip } from '../support/requirements.ts'

const WAIT = { timeoutMs: 150_000 }

describe('the example kafka-broker', function () {
  this.timeout(200_000)
  let etcd: EtcdServer | undefined
  const children: Child[] = []

  before(async function () {
    requireOrSkip(this, 'etcd', 'kafka-3.9')
    etcd = await startEtcd()
  })
  afterEach(async () => {
    etcd?.signal('SIGCONT')
    // By SIGTERM the broker would stay.
    for (const child of children.splice(0)) if (child.running) await child.exited
  })
  after(() => etcd?.stop())

  function run(): Child {
    const child = spawnChild({
      name: 'kafka-broker.ts',
      command: process.execPath,
      args: ['--import', 'tsx', 'examples/kafka-broker.ts', dirname(kafkaLibs('3.9')), 'topic'],
      env: { ANYKEEPER_STORE: `etcd://${etcd?.host}` },
    })
    children.push(child)
    return child
  }

  async function succeeds(child: Child): Promise<void> {
    await child.waitForLine(/^led: topic/, WAIT)
    expect((await child.exited).code, child.output).to.equal(0)
    expect(child.output).to.match(/^registered: 1$/m)
    expect(child.output).to.match(/^broker ended: /m)
  }

  it('the store stands still while the broker starts', async () => {
    const child = run()
    await child.waitForLine(/^starting/)
    etcd?.signal('SIGSTOP')
    await child.waitForLine(/^session suspended/)
    etcd?.signal('SIGCONT')
    await succeeds(child)
  })

  it('again on the same store, from which somebody deleted the topic', async () => {
    await using client = await connect(`etcd://${etcd?.host}`)
    await deleteRecursive(client, '/brokers/topics')
    await succeeds(run())
  })
})
