/**
 * Curator, kazoo, the C client, node-zookeeper-client and the library are moved together from a ZooKeeper ensemble of three to
 * three proxies, and back, under load. Nobody loses anything. For longer: npm run test:move-hunt.
 */
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { type MoveFigures, MoveRun } from './clients/move-run.ts'
import { expectFirst, expectKept } from './clients/nothing-lost.ts'

describe('migrate: all clients of an ensemble, there and back', function () {
  this.timeout(300_000)
  let run: MoveRun | undefined

  before(async function () {
    requireOrSkip(this, 'etcd', 'zookeeper-3.9', 'jdk', 'curator', 'kazoo', 'zookeeper-npm')
    run = await MoveRun.start({ seed: 7 })
  })
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(run?.output)
  })
  after(() => run?.stop())

  const shown = (way: string, { pauseMs, replies }: MoveFigures): void =>
    console.log(
      `      ${way}: ${Math.round(pauseMs)} ms without a server, ${replies} replies before`,
    )

  it('keeps sessions, ephemerals, watches, numbers, locks and leaderships of each', async () => {
    const moves = run!
    const first = await moves.picture()
    expectFirst(first)
    shown('to anykeeper', await moves.there())
    expectKept(first, await moves.picture(), 1)
    shown('to ZooKeeper', await moves.back())
    expectKept(first, await moves.picture(), 2)
    const both = { mutex: true, latch: true }
    expect(await moves.release()).to.deep.equal({
      ...{ library: both, curator: both, kazoo: { lock: true } },
      ...{ c: {}, 'node-zookeeper-client': {} },
    })
  })
})
