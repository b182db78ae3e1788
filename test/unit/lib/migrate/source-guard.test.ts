import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { silentLogger } from '../../../../lib/base/log.ts'
import { SourceGuard } from '../../../../lib/migrate/source-guard.ts'
import { takeOver } from '../../../../lib/migrate/take-over.ts'
import { eventually } from '../../../support/eventually.ts'
import { mirrorBench } from './mirror-bench.ts'
import { create } from './scripted-source.ts'

const LATE_MS = 20_000

describe('migrate/source-guard', () => {
  let bench: ReturnType<typeof mirrorBench>
  let server: Server
  /** To any word. */
  let answer = ''

  beforeEach(async () => {
    bench = mirrorBench()
    server = createServer((socket) => {
      socket.on('error', () => {})
      // Without an answer it hangs.
      socket.on('data', () => answer !== '' && socket.end(answer))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(async () => {
    server.close()
    await bench.close()
  })

  it('says when an old server serves clients again, and until when; not when it is a proxy', async () => {
    const { port } = server.address() as { port: number }
    const servers = [`127.0.0.1:${port}`]
    bench.source.commit(1n, create('/a'))
    const follower = bench.follow({ servers })
    await bench.caughtUp()
    await follower.stop()
    const { keeper } = await bench.bench.open()
    const errors: object[] = []
    const logger = { ...silentLogger, error: (fields: object) => errors.push(fields) }
    const guard = new SourceGuard({ keeper, logger, intervalMs: 1, lookMs: 500 })
    guard.start()
    await takeOver({ store: bench.own, logger: silentLogger, sourceStays: true })
    answer = 'Zookeeper version: 3.8.4-anykeeper, built on x\nMode: leader\n'
    await eventually('a proxy', () => keeper.isServing, LATE_MS)
    answer = 'Zookeeper version: 3.9.5-abc, built on x\nMode: leader\n'
    await eventually('an alarm', () => keeper.upkeep.source.alive === 1, LATE_MS)
    answer = 'This ZooKeeper instance is not currently serving requests\n'
    await eventually('its end', () => keeper.upkeep.source.alive === 0, LATE_MS)
    expect(keeper.upkeep.source.silent).to.equal(0)
    answer = ''
    await eventually('a silence', () => keeper.upkeep.source.silent === 1, LATE_MS)
    expect(keeper.upkeep.source.alive).to.equal(0)
    expect(errors).to.deep.equal([{ servers: servers[0] }])
    guard.stop()
  })
})
