/** The parents that recipes make: which of them go by themselves. Time is a ManualClock's. */
import { expect } from 'chai'
import { KeeperClient, Mutex } from '../../lib/index.ts'
import { keeperBench } from '../support/keepers.ts'
import { ManualClock, settle } from '../support/manual-clock.ts'

const REAPER_MS = 1_000

describe('parents that recipes make', () => {
  it('are containers, in layout kazoo persistent: kazoo’s Lock looks for its path only once', async () => {
    const clock = new ManualClock()
    const bench = keeperBench({ clock })
    try {
      const { keeper } = await bench.open({ reaperIntervalMs: REAPER_MS }, { clock })
      await using client = await KeeperClient.connect(keeper)
      for (const layout of ['curator', 'kazoo'] as const) {
        const held = await new Mutex(client, `/locks/${layout}`, { layout }).acquire()
        await settle()
        await held.release()
      }
      await clock.advance(3 * REAPER_MS)
      const { children } = await client.getChildren('/locks')
      expect(children).to.deep.equal(['kazoo'])
    } finally {
      await bench.close()
    }
  })
})
