/** A keeper that does not know which others are alive: it ends no session of theirs before it has looked. */
import { expect } from 'chai'
import { Layout } from '../../lib/format/layout.ts'
import { livenessBench, type Member, TICK_MS, TIMEOUT_MS } from '../support/liveness-bench.ts'

const PROXIES = Buffer.from(new Layout('/anykeeper').proxies.start)

describe('keeper/liveness: a list of keepers that is not known', () => {
  const bench = livenessBench()
  const { start, open, lives, crash, endsAfter } = bench

  /** Its feed stands still, and its list of keepers has no answer until the returned function is called, which mends the list alone. */
  function blind({ store }: Member): () => void {
    const { range } = store
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    store.cutFeed()
    store.range = async (query) => {
      if (Buffer.compare(Buffer.from(query.start), PROXIES) === 0) await held
      return range(query)
    }
    return () => {
      store.range = range
      release()
    }
  }

  it('a session of one that has come meanwhile lives as long as its client pings', async () => {
    const one = await start()
    const see = blind(one)
    const two = await start()
    const client = await open(two)
    for (let ms = 0; ms < 3 * TIMEOUT_MS; ms += 500) {
      two.keeper.sessions.touch(client.session)
      await bench.clock.advance(500)
    }
    expect(one.keeper.replica.sessions.has(client.session.id), 'it knows the session').to.equal(
      true,
    )
    expect(one.keeper.registry.peers.has(two.keeper.proxy), 'but not the keeper').to.equal(false)
    expect(lives(two, client)).to.equal(true)
    see()
    await bench.clock.advance(TIMEOUT_MS - TICK_MS)
    expect(one.keeper.registry.peers.has(two.keeper.proxy)).to.equal(true)
    expect(one.keeper.sessions.expiredCount).to.equal(0)
  })

  it('a session of one that came and went ends once the list is there', async () => {
    const one = await start()
    const see = blind(one)
    const two = await start()
    const client = await open(two)
    await bench.clock.advance(500)
    await crash(two)
    await bench.clock.advance(2 * TIMEOUT_MS)
    expect(lives(one, client)).to.equal(true)
    see()
    expect(await endsAfter(one, client)).to.be.at.most(TICK_MS)
  })
})
