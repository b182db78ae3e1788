/** What follows the end of a session, for a client on a member. Time is a ManualClock's. */
import { expect } from 'chai'
import {
  type ClientOptions,
  type ClientState,
  connect,
  EVENT,
  type WatchEvent,
  type ZooKeeper,
} from '../../lib/index.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { passTime } from '../support/recipe-bench.ts'

describe('keeper/client-renew', () => {
  const bench = livenessBench()
  const pass = (ms: number): Promise<void> => passTime(bench.clock, ms)
  let one: Member
  let two: Member
  let observer: ZooKeeper
  let states: ClientState[]
  const clients: ZooKeeper[] = []

  async function open(member: Member, options: ClientOptions = {}): Promise<ZooKeeper> {
    const client = await connect(member.keeper, { timeoutMs: TIMEOUT_MS, ...options })
    clients.push(client)
    return client
  }
  beforeEach(async () => {
    one = await bench.start()
    two = await bench.start()
    states = []
    observer = await open(two)
  })
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close()
  })
  const withStates = (more: ClientOptions = {}): ClientOptions => ({
    onState: (state) => states.push(state),
    ...more,
  })

  it('an outage longer than the timeout: lost by the clock, then the same session, as nobody ended it', async () => {
    const client = await open(one, withStates())
    const id = client.sessionId
    await client.create('/e', null, { mode: 'ephemeral' })
    one.store.cut()
    two.store.cut()
    await pass(TIMEOUT_MS + 1_000)
    expect(states).to.deep.equal(['suspended', 'lost'])
    expect([client.isEnded, client.sessionUntilMs]).to.deep.equal([false, Number.NEGATIVE_INFINITY])
    one.store.mend()
    two.store.mend()
    await pass(3_000)
    expect(states).to.deep.equal(['suspended', 'lost', 'connected'])
    expect([client.sessionId, (await client.exists('/e'))?.ephemeralOwner]).to.deep.equal([id, id])
  })

  it('ended by another member: lost for good, and its signal is aborted', async () => {
    const client = await open(one, withStates())
    await client.create('/e', null, { mode: 'ephemeral' })
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(2_000)
    expect(states.at(-1)).to.equal('lost')
    expect([client.isEnded, client.signal.aborted]).to.deep.equal([true, true])
    expect(await observer.exists('/e')).to.equal(undefined)
  })

  it('with renew a new session follows; one-shot watches are called, those that stay are set again', async () => {
    const client = await open(one, withStates({ renew: true }))
    const id = client.sessionId
    await client.create('/w')
    const once: WatchEvent[] = []
    const stays: WatchEvent[] = []
    await client.getData('/w', (event) => once.push(event))
    await client.addWatch('/w', (event) => stays.push(event), 'persistent')
    await bench.freeze(one, () => pass(3 * TIMEOUT_MS))
    await pass(2_000)
    expect(states.at(-1)).to.equal('connected')
    expect(states).to.include('lost')
    expect([client.isEnded, client.sessionId === id]).to.deep.equal([false, false])
    expect(once).to.deep.equal([{ type: EVENT.NodeDataChanged, path: '/w' }])
    expect(stays).to.deep.equal([{ type: EVENT.None, path: '/w' }])
    await observer.setData('/w', null)
    await settle()
    expect(stays.at(-1)).to.deep.equal({ type: EVENT.NodeDataChanged, path: '/w' })
  })

  it('closed while it is lost, it stays closed', async () => {
    const client = await open(one, withStates({ renew: true }))
    one.store.cut()
    await pass(TIMEOUT_MS + 1_000)
    expect(client.state).to.equal('lost')
    const closed = client.close()
    await settle()
    await closed
    one.store.mend()
    await pass(5_000)
    expect([client.state, client.isEnded]).to.deep.equal(['closed', true])
  })
})
