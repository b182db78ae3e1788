/** A seed is a run: the same one again, event by event and byte by byte; another one is another run. */
import { expect } from 'chai'
import type { FaultSet } from './scenario.ts'
import { simulate } from './simulate.ts'

describe('a simulated run', function () {
  this.timeout(30_000)
  const hashOf = async (seed: number, faults: FaultSet): Promise<string> =>
    (await simulate({ seed, faults })).hash

  for (const faults of ['core', 'all'] as const) {
    it(`is the same again from the same seed, with ${faults} faults`, async () => {
      for (const seed of [3, 11, 24]) {
        expect(await hashOf(seed, faults)).to.equal(await hashOf(seed, faults))
      }
    })
  }

  it('is another from another seed', async () => {
    const hashes = [await hashOf(1, 'core'), await hashOf(2, 'core'), await hashOf(3, 'core')]
    expect(new Set(hashes).size).to.equal(3)
  })

  it('is the same whether somebody looks on or not', async () => {
    const lines: string[] = []
    const sink = (line: string): number => lines.push(line)
    const watched = await simulate({ seed: 5, faults: 'core', sink })
    expect(watched.hash).to.equal(await hashOf(5, 'core'))
    expect(lines.length).to.be.greaterThan(watched.events)
  })
})
