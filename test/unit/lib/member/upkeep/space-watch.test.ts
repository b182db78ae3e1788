import { expect } from 'chai'
import { Faults } from '../../../../../lib/base/faults.ts'
import { LIMITS_DEFAULT, type MetadataStore, StoreError } from '../../../../../lib/index.ts'
import { Reclaimer } from '../../../../../lib/member/upkeep/reclaimer.ts'
import { SpaceWatch } from '../../../../../lib/member/upkeep/space-watch.ts'
import type { ReclaimOptions, StoreSpace } from '../../../../../lib/store/types.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

const MIB = 2 ** 20
const limits = { ...LIMITS_DEFAULT, storeMaintenance: true }
const space = (more: Partial<StoreSpace> = {}): StoreSpace => ({
  usedBytes: 10 * MIB,
  inUseBytes: 10 * MIB,
  maxBytes: 1_000 * MIB,
  isFull: false,
  hasHistory: true,
  remedy: '',
  ...more,
})

let clock: ManualClock
let lines: string[]
const logger = () => {
  const add = (fields: object, message: string) => {
    lines.push(`${message} ${(fields as { reason?: string }).reason ?? ''}`.trim())
  }
  return { debug: add, info: add, warn: add, error: add }
}

beforeEach(() => {
  clock = new ManualClock()
  lines = []
})

describe('space watch', () => {
  let answer: () => StoreSpace
  let room: number
  let fulls: number
  let faults: Faults
  let onLook = (): void => {}

  function start(): SpaceWatch {
    room = 0
    fulls = 0
    faults = new Faults(logger())
    onLook = () => {}
    const watch = new SpaceWatch({
      store: { space: async () => answer() } as Partial<MetadataStore> as MetadataStore,
      clock,
      logger: logger(),
      faults,
      limits,
      onRoom: (bytes) => {
        onLook()
        room = bytes
      },
      onFull: () => fulls++,
    })
    watch.start()
    return watch
  }

  it('continues behind a fault of what follows it, and says that', async () => {
    answer = () => space()
    start()
    await clock.advance(1)
    onLook = () => {
      throw new RangeError('injected')
    }
    await clock.advance(limits.spaceCheckMs)
    expect(faults.count).to.equal(1)
    expect(lines).to.deep.equal(['fault in the watch of the store’s space'])
    onLook = () => {}
    answer = () => space({ inUseBytes: 2 * MIB })
    await clock.advance(limits.spaceCheckMs)
    expect(room).to.equal((998 * MIB) / 8)
    expect(faults.count).to.equal(1)
  })

  it('gives history an eighth of what is left, some at least', async () => {
    answer = () => space()
    start()
    await clock.advance(1)
    expect(room).to.equal((990 * MIB) / 8)
    answer = () => space({ inUseBytes: 999.5 * MIB })
    await clock.advance(2_000)
    expect(room).to.equal(limits.historyBytesMin)
  })

  it('says what it comes to once each: short, full, well again', async () => {
    answer = () => space({ inUseBytes: 790 * MIB })
    start()
    await clock.advance(1)
    for (const inUseBytes of [810, 750, 810, 990, 750, 690].map((mib) => mib * MIB)) {
      answer = () => space({ inUseBytes, isFull: inUseBytes === 990 * MIB })
      await clock.advance(2_000)
    }
    expect(lines).to.deep.equal([
      'the store is getting full',
      'the store refuses writes for lack of space',
      'the store has space again, but is still getting full',
      'the store has space again',
    ])
    expect(fulls).to.equal(1)
  })

  it('full: looked at twice a second for its end, but what a full store begins is not begun more often', async () => {
    answer = () => space({ inUseBytes: 990 * MIB, isFull: true })
    start()
    await clock.advance(1)
    for (let i = 0; i < 40; i++) await clock.advance(limits.noSpaceRetryMs)
    // At the start, and every two seconds.
    expect(fulls).to.equal(1 + 10)
    answer = () => space()
    await clock.advance(limits.noSpaceRetryMs)
    expect(lines.at(-1)).to.equal('the store has space again')
    answer = () => space({ inUseBytes: 990 * MIB, isFull: true })
    await clock.advance(limits.noSpaceRetryMs)
    expect(fulls).to.equal(1 + 10)
    await clock.advance(limits.spaceCheckMs)
    expect(fulls).to.equal(1 + 11)
  })

  const reasons: [string, () => never][] = [
    [
      'forbidden',
      () => {
        throw new StoreError('STORE_UNAUTHENTICATED', 'permission denied')
      },
    ],
    [
      'not implemented',
      () => {
        throw new StoreError('STORE_UNSUPPORTED', 'unknown method Status')
      },
    ],
    [
      'an error nobody expected',
      () => {
        throw new TypeError('odd')
      },
    ],
  ]
  for (const [name, fail] of reasons) {
    it(`${name}: said once, the bounds of the limits hold, and it goes on`, async () => {
      answer = () => space()
      const watch = start()
      await clock.advance(1)
      answer = fail
      await clock.advance(20_000)
      expect(lines).to.have.length(1)
      expect(lines[0]).to.match(/^how much space the store has left is not known/)
      expect([watch.space, room]).to.deep.equal([undefined, Number.POSITIVE_INFINITY])
      answer = () => space()
      await clock.advance(2_000)
      expect(watch.space).to.deep.equal(space())
    })
  }

  it('out of reach: nothing is said, and what was known last holds', async () => {
    answer = () => space()
    const watch = start()
    await clock.advance(1)
    answer = () => {
      throw new StoreError('STORE_UNAVAILABLE', 'gone')
    }
    await clock.advance(20_000)
    expect(lines).to.deep.equal([])
    expect(watch.space).to.deep.equal(space())
  })
})

describe('reclaimer', () => {
  const full = space({ isFull: true, usedBytes: 1_000 * MIB, inUseBytes: 990 * MIB })
  const loose = space({ usedBytes: 600 * MIB, inUseBytes: 300 * MIB })
  let rounds: number
  let reclaim: (options: ReclaimOptions) => Promise<void>
  let myTurn: boolean

  function open(more: Partial<typeof limits> = {}): Reclaimer {
    rounds = 0
    myTurn = true
    reclaim = async () => {}
    const store: Partial<MetadataStore> = {
      reclaim: (options) => {
        rounds++
        return reclaim(options)
      },
    }
    return new Reclaimer({
      store: store as MetadataStore,
      clock,
      logger: logger(),
      limits: { ...limits, ...more },
      isMyTurn: () => myTurn,
    })
  }
  async function look(reclaimer: Reclaimer, seen: StoreSpace, times: number): Promise<number> {
    for (let i = 0; i < times; i++) {
      reclaimer.looked(seen)
      await clock.advance(2_000)
    }
    return rounds
  }

  it('does nothing unless it is allowed, and its turn', async () => {
    expect(await look(open({ storeMaintenance: false }), full, 3)).to.equal(0)
    const reclaimer = open()
    myTurn = false
    expect(await look(reclaimer, full, 3)).to.equal(0)
  })

  it('full: at each look; otherwise by the ratio, from a share on, and then not before the pause', async () => {
    expect(await look(open(), full, 3)).to.equal(3)
    const reclaimer = open()
    expect(await look(reclaimer, space({ ...loose, inUseBytes: 301 * MIB }), 3)).to.equal(0)
    expect(await look(reclaimer, space({ usedBytes: 499 * MIB, inUseBytes: 1 * MIB }), 3)).to.equal(
      0,
    )
    expect(await look(reclaimer, loose, 3)).to.equal(1)
    await clock.advance(limits.maintenancePauseMs)
    expect(await look(reclaimer, loose, 3)).to.equal(2)
  })

  it('full right after a round that was done in time: no pause holds it up', async () => {
    const reclaimer = open()
    expect(await look(reclaimer, loose, 3)).to.equal(1)
    expect(await look(reclaimer, full, 3)).to.equal(4)
    expect(await look(reclaimer, loose, 1)).to.equal(4)
  })

  it('never two rounds at a time, and tells each step', async () => {
    const reclaimer = open()
    let end = (): void => {}
    reclaim = ({ onStep }) => {
      onStep({ what: 'defragmented', member: 'a', beforeBytes: 2, afterBytes: 1 })
      return new Promise((resolve) => {
        end = resolve
      })
    }
    expect(await look(reclaimer, full, 3)).to.equal(1)
    end()
    await clock.advance(1)
    expect(await look(reclaimer, full, 1)).to.equal(2)
    expect(reclaimer.counters).to.include({ defragmented: 2, failed: 0 })
    expect(lines).to.deep.equal(Array(2).fill('store maintenance: defragmented'))
  })

  it('a refusal is said once, and not repeated before the pause', async () => {
    const reclaimer = open()
    reclaim = async () => {
      throw new StoreError('STORE_UNAUTHENTICATED', 'permission denied')
    }
    expect(await look(reclaimer, full, 100)).to.equal(1)
    await clock.advance(limits.maintenancePauseMs)
    expect(await look(reclaimer, full, 1)).to.equal(2)
    expect(reclaimer.counters.failed).to.equal(2)
    expect(lines).to.deep.equal(['store maintenance failed permission denied'])
  })

  it('a member that does not answer is waited for', async () => {
    const reclaimer = open()
    reclaim = async () => {
      throw new StoreError('STORE_UNAVAILABLE', 'down')
    }
    expect(await look(reclaimer, full, 5)).to.equal(1)
    await clock.advance(limits.maintenanceRetryMs)
    expect(await look(reclaimer, full, 1)).to.equal(2)
  })

  it('its own end is the end of it', async () => {
    const reclaimer = open()
    let may = true
    reclaim = async ({ mayGoOn }) => {
      reclaimer.stop()
      may = mayGoOn()
    }
    expect(await look(reclaimer, full, 3)).to.equal(1)
    expect(may).to.equal(false)
  })
})
