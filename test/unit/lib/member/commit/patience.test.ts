import { expect } from 'chai'
import { Patience } from '../../../../../lib/member/commit/patience.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

/** Counts the timers that were set. */
class CountingClock extends ManualClock {
  set = 0
  override after(delayMs: number, run: () => void): () => void {
    this.set++
    return super.after(delayMs, run)
  }
}

describe('commit/patience', () => {
  const never = new Promise<never>(() => {})

  it('ends each wait at its own time, whatever the order they began in', async () => {
    const clock = new CountingClock()
    const patience = new Patience(clock)
    const ended: [number, number][] = []
    for (const ms of [300, 100, 200, 1_000, 100]) {
      void patience.within(ms, never).then((result) => {
        expect(result).to.equal(undefined)
        ended.push([ms, clock.monotonic()])
      })
    }
    for (let i = 0; i < 11; i++) await clock.advance(100)
    expect(ended).to.deep.equal([
      [100, 100],
      [100, 100],
      [200, 200],
      [300, 300],
      [1_000, 1_000],
    ])
  })

  it('passes on what comes in time, also a failure', async () => {
    const patience = new Patience(new ManualClock())
    expect(await patience.within(100, Promise.resolve('there'))).to.equal('there')
    const failure = await patience.within(100, Promise.reject(new Error('no'))).catch(String)
    expect(failure).to.equal('Error: no')
  })

  it('needs one timer for many waits that end early', async () => {
    const clock = new CountingClock()
    const patience = new Patience(clock)
    for (let i = 0; i < 50; i++) {
      await patience.within(300, Promise.resolve(i))
      await clock.advance(1)
    }
    expect(clock.set).to.equal(1)
    let late = false
    void patience.within(300, never).then(() => {
      late = true
    })
    await clock.advance(299)
    expect(late).to.equal(false)
    await clock.advance(1)
    expect(late).to.equal(true)
  })
})
