/** Timers that fire early, as Node’s may by what a turn of the event loop takes: a TTL is kept all the same. */
import { expect } from 'chai'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { type Clock, connect, Keeper, PersistentNode, systemClock } from '../../lib/index.ts'
import { eventually } from '../support/eventually.ts'

const EARLY_MS = 5
const TTL_MS = 300
const WAIT_MS = 10_000

describe('PersistentNode in mode ttl', () => {
  it('is touched again and again where timers are early', async () => {
    const clock: Clock = {
      now: () => systemClock.now(),
      monotonic: () => systemClock.monotonic(),
      after: (ms, run) => systemClock.after(Math.max(0, ms - EARLY_MS), run),
    }
    const store = openMemoryStore()
    const keeper = await Keeper.open({ store, clock })
    const client = await connect(keeper)
    try {
      const node = new PersistentNode(client, '/ttl', { mode: 'ttl', ttlMs: TTL_MS })
      await node.start()
      const touches = async () => ((await client.exists('/ttl/touch'))?.version ?? -1) >= 1
      await eventually('a second touch', touches, WAIT_MS)
      await node.close()
      expect(await client.exists('/ttl')).not.to.equal(undefined)
    } finally {
      await client.close()
      await keeper.close()
      await store.close()
    }
  })
})
