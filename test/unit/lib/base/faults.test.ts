import { expect } from 'chai'
import { Faults } from '../../../../lib/base/faults.ts'
import { ManualClock, settle } from '../../../support/manual-clock.ts'

const bug = (): never => {
  throw new RangeError('injected')
}

describe('faults', () => {
  let lines: unknown[]
  let faults: Faults

  beforeEach(() => {
    lines = []
    const nothing = (): void => {}
    const error = ({ err, ...rest }: { err?: unknown }, message: string): void => {
      lines.push([message, String(err), rest])
    }
    faults = new Faults({ debug: nothing, info: nothing, warn: nothing, error })
  })

  it('logs and counts each', () => {
    faults.found(new RangeError('one'), 'fault in this', { seq: 3 })
    expect(lines).to.deep.equal([['fault in this', 'RangeError: one', { seq: 3 }]])
    expect(faults.count).to.equal(1)
  })

  it('says whether work that nobody waits for was rejected, and rejects never', async () => {
    expect(await faults.guard(Promise.resolve(3), 'this')).to.equal(true)
    expect(faults.count).to.equal(0)
    expect(await faults.guard(Promise.reject(new RangeError('two')), 'that')).to.equal(false)
    expect(lines).to.deep.equal([['fault in that', 'RangeError: two', {}]])
  })

  it('begins a loop again a second behind its fault, until it ends or is ended', async () => {
    const clock = new ManualClock()
    const stop = new AbortController()
    const runs: number[] = []
    const ended: string[] = []
    const loop = async (): Promise<void> => {
      runs.push(clock.monotonic())
      if (runs.length < 3) bug()
    }
    const bounds = { clock, signal: stop.signal }
    void faults.keepUp('a loop', loop, bounds).then(() => ended.push('by itself'))
    await settle()
    await clock.advance(5_000)
    expect(runs).to.deep.equal([0, 1_000, 2_000])
    expect([faults.count, ended]).to.deep.equal([2, ['by itself']])
    void faults.keepUp('a loop', async () => bug(), bounds).then(() => ended.push('stopped'))
    await settle()
    stop.abort()
    await settle()
    expect(ended).to.deep.equal(['by itself', 'stopped'])
    expect(faults.count).to.equal(3)
  })

  it('calls callbacks that never throw', () => {
    const got: unknown[] = []
    const callbacks = { good: (a: number, b: string) => void got.push([a, b]), bad: bug }
    const { good, bad } = faults.guarded(callbacks, 'a list')
    good(1, 'b')
    bad()
    expect(got).to.deep.equal([[1, 'b']])
    expect(lines).to.deep.equal([['fault in a list: bad', 'RangeError: injected', {}]])
  })

  it('a callback that throws, and what follows from it', () => {
    const followed: string[] = []
    faults.run('this', bug, () => followed.push('failed'))
    faults.run(
      'that',
      () => followed.push('ran'),
      () => followed.push('failed'),
    )
    expect(followed).to.deep.equal(['failed', 'ran'])
    expect(lines).to.deep.equal([['fault in this', 'RangeError: injected', {}]])
  })

  it('a timer that throws is nobody’s uncaught exception, and the others run', async () => {
    const clock = new ManualClock()
    const guarded = faults.guardedClock(clock)
    const ran: number[] = []
    guarded.after(10, bug)
    guarded.after(10, () => ran.push(guarded.monotonic()))
    guarded.after(10, () => ran.push(0))()
    await clock.advance(10)
    expect(ran).to.deep.equal([10])
    expect(lines).to.deep.equal([['fault in a timer', 'RangeError: injected', {}]])
    expect(guarded.now()).to.equal(clock.now())
    expect(guarded.hold).to.equal(undefined)
    let held = 0
    const holding = Object.assign(new ManualClock(), { hold: () => () => held++ })
    faults.guardedClock(holding).hold?.()()
    expect(held).to.equal(1)
  })

  it('a logger that throws changes nothing', () => {
    const broken = new Faults({ debug: bug, info: bug, warn: bug, error: bug })
    broken.run('this', bug)
    expect(broken.count).to.equal(1)
  })
})
