/**
 * What a recipe has to delete is deleted: although its client is a view whose signal is aborted or whose time is over, READ of
 * it is not permitted, or the local clock took the session for lost. And no wait lasts longer than what it waits for.
 */
import { expect } from 'chai'
import {
  LeaderLatch,
  LockingQueue,
  Mutex,
  mkdirp,
  PersistentNode,
  type WatchEvent,
  type ZooKeeper,
} from '../../lib/index.ts'
import { type GatedClient, openGated } from '../support/gated-transport.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { connect, contenders, outcomeOf, PATH } from '../support/recipe-bench.ts'

const STEP_MS = 1_000
/** All but READ. */
const HIDDEN = [{ perms: 30, id: { scheme: 'world', id: 'anyone' } }]

describe('recipes through views', () => {
  const bench = livenessBench()
  let member: Member
  let a: ZooKeeper
  let b: ZooKeeper

  beforeEach(async () => {
    member = await bench.start()
    a = await connect(member)
    b = await connect(member)
  })

  const aborted = (): { readonly view: ZooKeeper; abort(): void } => {
    const { signal, abort } = withAbort()
    return { view: a.with({ signal }), abort }
  }
  const ephemerals = (): string[] => [...member.keeper.replica.tree.ephemeralsOf(a.sessionId)]

  it('a lock is released, and its loss is seen, although the signal of its view is aborted', async () => {
    const { view, abort } = aborted()
    const [one, other] = [`${PATH}/1`, `${PATH}/2`]
    const released = await new Mutex(view, one).acquire()
    const lost = await new Mutex(view, other).acquire()
    abort()
    await b.setData(`${other}/${(await contenders(b, other))[0]}`, null)
    await settle()
    expect([released.isHeld, lost.isHeld]).to.deep.equal([true, true])
    await b.delete(`${other}/${(await contenders(b, other))[0]}`)
    await settle()
    expect((lost.signal.reason as { code?: string }).code).to.equal('ZK_NO_NODE')
    await released.release()
    expect(ephemerals()).to.deep.equal([])
  })

  it('a wait in line ends with the signal of its view, and leaves nothing', async () => {
    await new Mutex(b, PATH).acquire()
    const { view, abort } = aborted()
    const wait = outcomeOf(new Mutex(view, PATH).acquire())
    await settle()
    abort()
    await settle()
    expect([wait.now, ephemerals()]).to.deep.equal(['AbortError', []])
    const late = outcomeOf(new Mutex(view, PATH).acquire())
    await settle()
    expect(late.now).to.equal('AbortError')
  })

  it('a claim and a node are given back behind the end of their view', async () => {
    const { view, abort } = aborted()
    await new LockingQueue(b, `${PATH}/queue`).put(null)
    const element = await new LockingQueue(view, `${PATH}/queue`).take()
    const node = new PersistentNode(view, `${PATH}/node`, { onError() {} })
    await node.start()
    abort()
    await element.release()
    await node.close()
    expect(ephemerals()).to.deep.equal([])
  })

  it('nothing stays of a wait whose session the local clock took for lost, while its calls are repeated', async () => {
    await new Mutex(b, PATH).acquire()
    const { client, gate } = await gated({ retryMs: 10 * TIMEOUT_MS })
    const { signal, abort } = withAbort()
    const wait = outcomeOf(new Mutex(client, PATH).acquire({ signal }))
    await settle()
    gate.holdFrom(0)
    abort()
    await settle()
    await cutUntilLost({ client, gate })
    gate.mend()
    gate.release()
    await bench.clock.advance(2 * STEP_MS)
    expect([client.state, wait.now]).to.deep.equal(['connected', 'AbortError'])
    expect(await contenders(b)).to.have.length(1)
  })

  it('what READ of is not permitted is held, lost and released', async () => {
    const hidden = a.with({ acl: HIDDEN })
    await mkdirp(b, PATH)
    const held = await new Mutex(hidden, PATH).acquire()
    await bench.clock.advance(2 * STEP_MS)
    expect(held.isHeld).to.equal(true)
    await held.release()
    expect(await contenders(b)).to.deep.equal([])
    const lost = await new Mutex(hidden, PATH).acquire()
    await b.delete(`${PATH}/${(await contenders(b))[0]}`)
    await bench.clock.advance(2 * STEP_MS)
    expect((lost.signal.reason as { code?: string }).code).to.equal('ZK_NO_NODE')
  })

  it('a path below one that READ of is not permitted is made', async () => {
    await a.create('/hidden', null, { acl: HIDDEN })
    const refused = outcomeOf(a.exists('/hidden', () => {}))
    await mkdirp(a, '/hidden/x/y')
    expect(refused.now).to.equal('ZK_NO_AUTH')
    expect(await a.exists('/hidden/x/y')).to.not.equal(undefined)
  })

  it('what lives on outlives the time limit of a view: its writes that were not answered in time are looked for', async () => {
    const { client, gate } = await gated({})
    const view = client.with({ timeoutMs: STEP_MS })
    const refused: unknown[] = []
    const onError = (error: { code?: string }): void => void refused.push(error.code)
    const options = { onError: onError as (error: unknown) => void }
    await mkdirp(b, PATH)
    const node = new PersistentNode(view, `${PATH}/node`, options)
    const latch = new LeaderLatch(view, `${PATH}/latch`, options)
    gate.holdFrom(1)
    const begun = [outcomeOf(node.start()), outcomeOf(latch.waitForLeadership())]
    await settle()
    await bench.clock.advance(STEP_MS)
    gate.release()
    for (let i = 0; i < 4; i++) await bench.clock.advance(STEP_MS)
    expect(begun.map(({ now }) => now)).to.deep.equal(['done', 'done'])
    expect(new Set(refused)).to.deep.equal(new Set(['ZK_OPERATION_TIMEOUT']))
    expect([node.isClosed, latch.isLeader]).to.deep.equal([false, true])
    expect(member.keeper.replica.tree.ephemeralsOf(client.sessionId)).to.have.property('size', 2)
    await node.close()
    await latch.close()
  })

  for (const renew of [false, true]) {
    it(`the events of a path ${renew ? 'wait for the next' : 'end with a'} session, the option renew being ${renew}`, async () => {
      const { client, gate } = await gated({ renew })
      const seen: WatchEvent[] = []
      const ended = outcomeOf(
        (async () => {
          for await (const event of client.watch(PATH)) seen.push(event)
        })(),
      )
      await settle()
      expect(seen).to.have.length(1)
      await cutUntilLost({ client, gate })
      expect(ended.now).to.equal(renew ? 'pending' : 'ZK_SESSION_EXPIRED')
      gate.mend()
      await bench.clock.advance(STEP_MS)
      expect(seen).to.have.length(renew ? 2 : 1)
      void client.close()
      await settle()
      expect(ended.now).to.equal(renew ? 'done' : 'ZK_SESSION_EXPIRED')
    })
  }

  const gated = (options: { renew?: boolean; retryMs?: number }): Promise<GatedClient> =>
    openGated(member.keeper, { ...options, timeoutMs: TIMEOUT_MS })

  /** The server has its pings all the time. */
  async function cutUntilLost({ client, gate }: GatedClient): Promise<void> {
    gate.cut()
    while (client.state !== 'lost') {
      expect(client.state).to.equal('suspended')
      gate.ping()
      await bench.clock.advance(STEP_MS)
    }
  }
})

function withAbort(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
