import { expect } from 'chai'
import { Faults } from '../../../../../lib/base/faults.ts'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { SpaceGate } from '../../../../../lib/member/commit/space-gate.ts'
import { RoomMaker } from '../../../../../lib/member/upkeep/room-maker.ts'
import type { StoreSpace } from '../../../../../lib/store/types.ts'
import { ManualClock, settle } from '../../../../support/manual-clock.ts'

const FULL: StoreSpace = {
  ...{ usedBytes: 90, inUseBytes: 90, maxBytes: 100, isFull: false, hasHistory: true, remedy: '' },
}

describe('room maker', () => {
  it('makes room in the next round behind one that failed by a bug', async () => {
    const clock = new ManualClock()
    const faults = new Faults(silentLogger)
    let compactions = 0
    let isBroken = true
    const gate = new SpaceGate({
      clock,
      limits: { spaceWaitMsMax: 1_000, spaceSmallBytes: 1 },
      counters: { spaceWaits: 0, noSpaceRefusals: 0 },
      ...{ onLow: () => {}, onChange: () => {}, onRefused: () => {} },
    })
    const maker = new RoomMaker({
      ...{ faults, gate, limits: { spaceReservePercent: 10 } },
      compactor: {
        giveUpHistory: async () => {
          compactions++
          if (isBroken) throw new RangeError('injected')
          return 'done'
        },
      },
      look: async () => FULL,
      hasBacklog: () => false,
      isMyTurn: () => true,
    })
    maker.needed()
    await settle()
    expect([compactions, faults.count]).to.deep.equal([1, 1])
    isBroken = false
    maker.needed()
    await settle()
    expect([compactions, faults.count]).to.deep.equal([2, 1])
  })
})
