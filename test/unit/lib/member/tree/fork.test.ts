import { expect } from 'chai'
import { EPOCH_STEP_MAX, nextEpoch, type ServedEnd } from '../../../../../lib/member/tree/fork.ts'
import type { Replica } from '../../../../../lib/member/tree/replica.ts'

const EPOCH = 2 ** 32
const at = (zxid: number) => ({ zxid }) as ServedEnd & Replica
const drawn = (fraction: number) => ({ bytes: () => new Uint8Array(), fraction: () => fraction })

describe('lib/member/tree/fork', () => {
  it('a new epoch is above the one that was served, by a step that two beginners seldom share', () => {
    const served = at(3 * EPOCH + 17)
    expect(nextEpoch(served, at(5), drawn(0))).to.equal(4)
    expect(nextEpoch(served, at(3 * EPOCH + 20), drawn(0.5))).to.equal(4 + EPOCH_STEP_MAX / 2)
    expect(nextEpoch(served, at(5), drawn(1 - Number.EPSILON))).to.equal(3 + EPOCH_STEP_MAX)
  })

  it('none begins where one above has begun', () => {
    expect(nextEpoch(at(3 * EPOCH + 17), at(4 * EPOCH), drawn(0.9))).to.equal(undefined)
  })
})
