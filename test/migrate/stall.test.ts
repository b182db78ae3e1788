/** A consumer that takes nothing: the leader must not have to keep anything for us, and nothing may be missing afterwards. */
import { expect } from 'chai'
import { silentLogger } from '../../lib/base/log.ts'
import { openSourceFeed } from '../../lib/migrate/open-source-feed.ts'
import type { ZookeeperTree } from '../../lib/transfer/zookeeper/tree.ts'
import { zxidOf } from '../copy/zookeeper-writes.ts'
import { eventually, within } from '../support/eventually.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeperLeader, type ZookeeperServer } from '../support/zookeeper-server.ts'

const DEADLINE_MS = 60_000
const BUFFER_BYTES_MAX = 256 * 1024
const DATA = Buffer.alloc(4_000, 'data')
const ROUNDS = 30
const WINDOW = 40
/** What may be queued for us at the worst moment, as for any follower that reads. Unit: packets. */
const QUEUED_MAX = 400

describe('migrate: a stalled consumer', function () {
  this.timeout(120_000)
  let server: ZookeeperServer
  let quorumPort: number

  before(async function () {
    requireOrSkip(this, 'zookeeper')
    const started = await startZookeeperLeader({ version: '3.8', tickTimeMs: 500 })
    server = started.server
    quorumPort = started.quorumPort
  })
  after(() => server?.stop())

  async function write(rounds: number): Promise<void> {
    const client = await RawClient.connect({ port: server.port, timeoutMs: 30_000 })
    await client.create('/stall')
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: WINDOW }, () => client.setData('/stall', DATA)))
    }
    await client.close()
  }

  async function queuedMost(): Promise<number> {
    const mntr = await server.fourLetterWord('mntr')
    return Number(/^zk_max_254_learner_handler_qp_size\s+(\d+)/m.exec(mntr)?.[1])
  }

  it('the feed leaves the ensemble; the leader queues nothing; then every transaction comes', async () => {
    const feed = openSourceFeed({
      servers: [{ host: '127.0.0.1', port: server.port }],
      quorum: [{ host: '127.0.0.1', port: quorumPort }],
      ...{ from: 0, bufferBytesMax: BUFFER_BYTES_MAX, logger: silentLogger },
    })
    try {
      await eventually('a snapshot', () => feed.counters.snapshots > 0, DEADLINE_MS)
      await write(ROUNDS)
      await eventually('an overflow', () => feed.counters.overflows > 0, DEADLINE_MS)
      const { connects, bufferBytesPeak } = feed.counters
      expect(bufferBytesPeak).to.be.at.most(BUFFER_BYTES_MAX + 2 * DATA.length)
      expect(bufferBytesPeak).to.be.above(BUFFER_BYTES_MAX)
      // Nobody reads for us any more.
      await write(ROUNDS)
      expect(feed.counters).to.include({ connects, overflows: 1 })
      expect(await queuedMost()).to.be.at.most(QUEUED_MAX)
      await within('all of it', DEADLINE_MS, takeAll(await zxidOf(server)))
      expect(feed.counters.snapshots).to.equal(1)
    } finally {
      await feed.close()
    }

    async function takeAll(zxid: number): Promise<void> {
      const breaks: string[] = []
      let last = 0
      let tree: ZookeeperTree | undefined
      for await (const event of feed) {
        if (event.kind === 'disconnected') breaks.push(event.why)
        else if (event.kind === 'snapshot') tree = event.tree
        if (event.kind !== 'transactions') continue
        for (const txn of event.txns) {
          if (last > 0) expect(txn.zxid).to.equal(last + 1)
          last = txn.zxid
          tree!.apply(txn)
          if (txn.digest !== undefined) expect(tree!.digest).to.equal(txn.digest.value)
        }
        if (last >= zxid) break
      }
      expect(breaks[0]).to.match(/we left the ensemble: more than 262144 bytes wait/)
    }
  })
})
