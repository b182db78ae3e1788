import { expect } from 'chai'
import { openMemoryStore } from '../../../../../adapters/memory/memory-store.ts'
import { Faults } from '../../../../../lib/base/faults.ts'
import { LIMITS_DEFAULT } from '../../../../../lib/base/limits.ts'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { Layout } from '../../../../../lib/format/layout.ts'
import { JournalFollower } from '../../../../../lib/member/tree/follower.ts'
import { loadReplica } from '../../../../../lib/member/tree/load.ts'
import { loadOptions } from '../../../../../lib/member/upkeep/keeper-options.ts'
import { StoreError } from '../../../../../lib/model/errors.ts'
import { ManualClock, settle } from '../../../../support/manual-clock.ts'

describe('JournalFollower', () => {
  for (const isLate of [false, true]) {
    it(`loads a tree that was given up again${isLate ? ', also where its feed was late in the same moment' : ''}`, async () => {
      const store = openMemoryStore()
      const layout = new Layout('/t')
      const load = loadOptions({ store }, LIMITS_DEFAULT)
      const reloads: boolean[] = []
      const follower = new JournalFollower({
        ...{ store, layout, load, clock: new ManualClock(), logger: silentLogger },
        faults: new Faults(silentLogger),
        onEntry: () => {},
        onEvent: () => {},
        catchUp: async () => undefined,
        onHistoryLost: () => {},
        onReload: (_loaded, isWrong) => reloads.push(isWrong),
      })
      const { revision } = await loadReplica(store, layout, load)
      follower.start(revision + 1)
      await settle()
      // The first reason ends the feed, and hides the second one.
      if (isLate) follower.suspect()
      follower.giveUp(new StoreError('STORE_INTERNAL', 'injected'))
      await settle()
      expect(reloads).to.deep.equal([true])
      follower.stop()
      await follower.ended
      await store.close()
    })
  }
})
