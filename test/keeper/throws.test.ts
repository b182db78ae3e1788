/** Each error that a docstring of the client and its recipes promises: a call that is rejected with it. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { livenessBench } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import {
  errorsIn,
  errorsInProse,
  promisesOf,
  takersOfOptions,
  wordsOf,
} from '../support/throws/promises.ts'
import { ELSEWHERE, THROWS } from '../support/throws/table.ts'
import { givenUnknown, TAKERS } from '../support/throws/unknown-options.ts'
import { openWorld } from '../support/throws/world.ts'

const isOurs = (file: string): boolean => file.includes('/lib/client/')
const PROMISES = promisesOf('index.ts', isOurs)

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
    expect(errorsIn("{ZnodeError} as create(); {StoreError} the store's own")).to.deep.equal([
      'own',
    ])
    expect(errorsInProse('ZK_A is one. A call throws ZK_B where it must.')).to.deep.equal(['ZK_B'])
  })

  it('what takes options refuses one that it does not know', async () => {
    expect(takersOfOptions('index.ts', isOurs).toSorted()).to.deep.equal(
      Object.keys(TAKERS).toSorted(),
    )
    const { keeper } = await bench.start()
    const world = await openWorld(keeper)
    const wrong: string[] = []
    for (const [name, take] of Object.entries(TAKERS)) {
      wrong.push(...(await givenUnknown(name, (options) => take(world, options))))
    }
    expect(wrong).to.deep.equal([])
  })

  for (const promise of PROMISES) {
    const [name, error] = promise.split(' ') as [string, string]
    const call = THROWS[name]?.[error]
    if (call === undefined) continue
    it(`${name}: ${error}`, async () => {
      const { keeper } = await bench.start()
      const world = await openWorld(keeper)
      let words = ['pending']
      const calling = (async () => call(world))().then(
        () => ['fulfilled'],
        (thrown: unknown) => wordsOf(thrown),
      )
      calling.then((now) => {
        words = now
      })
      for (let look = 0; look < 8 && words[0] === 'pending'; look++) {
        await settle()
        if (words[0] === 'pending') await bench.clock.advance(250)
      }
      expect(words).to.include(error)
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
