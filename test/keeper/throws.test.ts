/** Each error that a docstring of the client and its recipes promises: a call that is rejected with it. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { errorsIn, promisesOf } from '../support/throws/promises.ts'
import { ELSEWHERE, THROWS } from '../support/throws/table.ts'
import { openWorld } from '../support/throws/world.ts'

const PROMISES = promisesOf('index.ts', '/lib/client/')

/** In the words of {@link errorsIn}. */
function wordOf(error: unknown): string {
  const { code, name, message } = error as { code?: unknown; name: string; message: string }
  if (message === 'reason') return 'reason'
  return name === 'CodecError' || typeof code !== 'string' ? name : code
}

describe('what a docstring says that a call throws', () => {
  const bench = livenessBench()

  it('has a call each in the table', () => {
    expect(PROMISES.length).to.be.greaterThan(150)
    const missing = PROMISES.filter((promise) => {
      const [name, error] = promise.split(' ') as [string, string]
      return THROWS[name]?.[error] === undefined && ELSEWHERE[promise] === undefined
    })
    expect(missing).to.deep.equal([])
    const gone = Object.entries(ELSEWHERE).filter(([promise, file]) => {
      const [, error] = promise.split(' ') as [string, string]
      return !PROMISES.includes(promise) || !readFileSync(file, 'utf8').includes(error)
    })
    expect(gone).to.deep.equal([])
    expect(
      errorsIn('{ZnodeError} ZK_A (why), ZK_B_C; {TypeError} no; the signal’s reason'),
    ).to.deep.equal(['ZK_A', 'ZK_B_C', 'TypeError', 'reason'])
  })

  for (const promise of PROMISES) {
    const [name, error] = promise.split(' ') as [string, string]
    const call = THROWS[name]?.[error]
    if (call === undefined) continue
    it(`${name}: ${error}`, async () => {
      const { keeper } = await bench.start()
      const world = await openWorld(keeper)
      let word = 'pending'
      const calling = (async () => call(world))().then(
        () => 'fulfilled',
        (thrown: unknown) => wordOf(thrown),
      )
      calling.then((now) => {
        word = now
      })
      for (let look = 0; look < 8 && word === 'pending'; look++) {
        await settle()
        if (word === 'pending') await bench.clock.advance(250)
      }
      expect(word).to.equal(error)
      world.gate.mend()
      for (const client of [world.client, world.owner]) {
        const closing = client.close()
        await settle()
        await bench.clock.advance(0)
        await closing
      }
    })
  }
})
