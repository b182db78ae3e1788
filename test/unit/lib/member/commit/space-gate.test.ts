import { expect } from 'chai'
import { createOp, type WriteRequest } from '../../../../../lib/internal.ts'
import { SpaceGate } from '../../../../../lib/member/commit/space-gate.ts'
import type { CommitTask } from '../../../../../lib/member/commit/task.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

const MIB = 2 ** 20
const LARGE = 100_000
const ample = { bytes: 100 * MIB, smallBytes: 100 * MIB, txnBytes: 100 * MIB }

describe('space gate', () => {
  let clock: ManualClock
  let gate: SpaceGate
  let lows: number
  let changes: number
  let refused: CommitTask[]
  let counters: { spaceWaits: number; noSpaceRefusals: number }

  beforeEach(() => {
    clock = new ManualClock()
    lows = 0
    changes = 0
    refused = []
    counters = { spaceWaits: 0, noSpaceRefusals: 0 }
    gate = new SpaceGate({
      clock,
      limits: { spaceWaitMsMax: 10_000, spaceSmallBytes: 4_096 },
      counters,
      onLow: () => lows++,
      onChange: () => changes++,
      onRefused: (task) => refused.push(task),
    })
  })
  afterEach(() => gate.stop())

  /** Those that may be sent, as the queue queries it. */
  function admit(tasks: readonly CommitTask[]): CommitTask[] {
    const mayPass = gate.admission()
    const admitted = tasks.filter((one) => mayPass(one))
    gate.judged(tasks.length - admitted.length)
    return admitted
  }
  const sessions = new Map<number, { id: bigint; owner: string; fence: number }>()
  function sessionOf(id: number) {
    const session = sessions.get(id) ?? { id: BigInt(id), owner: '', fence: 1 }
    sessions.set(id, session)
    return session
  }

  const task = (id: number, request: WriteRequest): CommitTask => ({
    request,
    session: sessionOf(id),
    committed: () => {},
    abandoned: () => {},
  })
  const write = (id: number, bytes: number): CommitTask =>
    task(id, createOp('/a', new Uint8Array(bytes)) as WriteRequest)

  it('judges nothing where no bound is known, or while there is ample space', () => {
    expect(gate.isOpen).to.equal(true)
    gate.grant(ample)
    expect(gate.isOpen).to.equal(true)
    gate.taken(97 * MIB)
    expect(gate.isOpen).to.equal(false)
  })

  it('asks for more once half of a grant is used, once', () => {
    gate.grant(ample)
    gate.taken(49 * MIB)
    expect(lows).to.equal(0)
    gate.taken(2 * MIB)
    gate.taken(20 * MIB)
    expect(lows).to.equal(1)
  })

  it('holds large ones and what is behind them in their session; small ones of others, deletes and ends pass', () => {
    gate.grant({ ...ample, bytes: 0 })
    const held = [write(1, LARGE), write(1, 1)]
    const passing = [
      write(2, 1),
      task(3, { type: 'delete', path: '/a', version: -1 }),
      task(4, { type: 'closeSession' }),
    ]
    expect(admit([...held, ...passing])).to.deep.equal(passing)
    expect(gate.waiting).to.equal(2)
    expect(counters.spaceWaits, 'what is behind it was not judged').to.equal(1)
    gate.grant(ample)
    expect(changes).to.equal(1)
    expect(admit([...held, ...passing])).to.deep.equal([...held, ...passing])
  })

  it('lets as many of them through as fit', () => {
    gate.grant({ ...ample, bytes: 5 * LARGE })
    const tasks = [1, 2, 3, 4].map((id) => write(id, LARGE))
    expect(admit(tasks)).to.deep.equal(tasks.slice(0, 2))
    gate.grant({ ...ample, txnBytes: LARGE / 2 })
    expect(admit(tasks)).to.deep.equal([])
  })

  it('holds small ones too when half of the reserve is taken, and no end of a session', () => {
    gate.grant({ ...ample, bytes: 0, smallBytes: 0 })
    const close = task(2, { type: 'closeSession' })
    expect(admit([write(1, 1), close])).to.deep.equal([close])
  })

  it('refuses, in its turn, what waited for too long, and then serves what is behind it', async () => {
    gate.grant({ ...ample, bytes: 0 })
    const tasks = [write(1, LARGE), write(1, 1)]
    expect(admit(tasks)).to.deep.equal([])
    await clock.advance(9_900)
    expect([lows, changes]).to.deep.equal([1, 1])
    expect(admit(tasks)).to.deep.equal([])
    await clock.advance(200)
    expect(admit(tasks)).to.deep.equal(tasks)
    expect(refused).to.deep.equal([tasks[0]])
    expect(counters.noSpaceRefusals).to.equal(1)
  })

  it('refuses immediately what nothing can make room for, until the next grant', () => {
    gate.grant({ ...ample, bytes: 0 })
    const [first, second] = [write(1, LARGE), write(1, LARGE)]
    admit([first])
    gate.exhausted()
    expect(admit([first])).to.deep.equal([first])
    expect(refused).to.deep.equal([first])
    gate.grant({ ...ample, bytes: 0 })
    expect(admit([second])).to.deep.equal([])
  })

  it('knows how far the feed is behind what was written', () => {
    for (const seq of [1, 2, 3]) {
      gate.taken(100)
      gate.applied(seq, 100)
    }
    expect(gate.unseenBytes).to.equal(300)
    gate.seen(2)
    expect(gate.unseenBytes).to.equal(100)
    gate.seen(4)
    gate.taken(100)
    gate.applied(4, 100)
    expect(gate.unseenBytes).to.equal(0)
  })
})
