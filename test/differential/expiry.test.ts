/**
 * E1, E2, E4, H9 against the oracle: a session whose client falls silent. Of its own file, because it
 * takes the session's timeout; both servers go through it at the same time.
 */
import { expect } from 'chai'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { type Subject, startOnEtcd, startOnMemory, startOracle } from './subjects.ts'

const TIMEOUT_MS = 4_000
const TICK_MS = 2_000

/** What two clients see of a third one's end. Times are left out, zxids relative to the end. */
async function observe({ ports }: Subject): Promise<unknown> {
  const [first = 0, second = first] = [ports[0], ports.at(-1)]
  const dying = await RawClient.connect({ port: first, timeoutMs: TIMEOUT_MS })
  const watcher = await RawClient.connect({ port: second, timeoutMs: 20_000 })
  await watcher.create2('/life')
  for (const name of ['a', 'b']) await dying.create2(`/life/${name}`, { flags: 1 })
  await dying.create2('/life/kept')
  await watcher.send(9, { path: '/' })
  await watcher.exists('/life/a', true)
  await watcher.getData('/life/b', true)
  await watcher.getChildren2('/life', true)
  const before = await watcher.getChildren2('/life')
  const silentSinceMs = performance.now()
  // Pings of the watcher only: any request would do, the dying one says nothing.
  const pings = setInterval(() => void watcher.ping(), 500)
  try {
    await watcher.waitFor(() => watcher.events.length >= 3, 30_000)
    await dying.waitFor(() => dying.closed, 10_000)
  } finally {
    clearInterval(pings)
  }
  const silentMs = performance.now() - silentSinceMs
  const after = await watcher.getChildren2('/life')
  const again = await RawClient.connect({
    port: second,
    timeoutMs: TIMEOUT_MS,
    sessionId: dying.sessionId,
    password: dying.password,
  }).catch(() => undefined)
  const outcome = {
    granted: dying.timeoutMs,
    notBeforeItsTimeout: silentMs >= TIMEOUT_MS - 100,
    events: watcher.events.map(({ type, path }) => `${type} ${path}`).sort(),
    saidToTheDying: dying.events.length,
    children: [...(after.record.children ?? [])].sort(),
    cversion: [before.record.stat?.cversion, after.record.stat?.cversion],
    // The close is one transaction for both ephemerals: the parent's pzxid is its zxid.
    pzxidMoved: (after.record.stat?.pzxid ?? 0) > (before.record.stat?.pzxid ?? 0),
    resumed: [again?.timeoutMs, again?.sessionId],
  }
  again?.destroy()
  for (const path of ['/life/kept', '/life']) await watcher.delete(path)
  await watcher.close()
  return outcome
}

describe('differential: a session that expires', function () {
  this.timeout(120_000)
  const subjects: Subject[] = []

  before(async function () {
    requireOrSkip(this, 'zookeeper', 'zookeeper-3.9', 'etcd')
    subjects.push(await startOracle('3.9'), await startOracle('3.8'))
    subjects.push(await startOnMemory(2), await startOnEtcd())
  })
  after(async () => {
    for (const subject of subjects) await subject.stop()
  })

  it('E1 E2 E4 H9 is seen alike', async () => {
    const [oracle, ...others] = await Promise.all(subjects.map(observe))
    expect(oracle).to.deep.include({
      granted: TIMEOUT_MS,
      notBeforeItsTimeout: true,
      events: ['2 /life/a', '2 /life/b', '4 /life'],
      children: ['kept'],
    })
    expect(TICK_MS).to.be.below(TIMEOUT_MS)
    for (const other of others) expect(other).to.deep.equal(oracle)
  })
})
