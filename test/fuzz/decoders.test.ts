/** Everything that reads bytes of others, coverage-guided, from a fixed seed. The long hunt: test:fuzz:decoders. */
import { expect } from 'chai'
import { Coverage } from './decoders/coverage.ts'
import { fuzzTarget, type Problem, tryOne } from './decoders/loop.ts'
import type { Target } from './decoders/target.ts'
import { TARGETS } from './decoders/targets.ts'

const SEED = 1
const INPUTS = 3_000

describe('fuzz of decoders', function () {
  this.timeout(120_000)
  let coverage: Coverage
  before(() => {
    coverage = new Coverage()
  })
  after(() => coverage.stop())

  for (const target of TARGETS) {
    it(`${target.name}: nothing but what is declared is thrown, in bounded steps and memory`, async () => {
      const { problems } = await fuzzTarget(target, coverage, { seed: SEED, inputs: INPUTS })
      expect(problems).to.deep.equal([])
    })
  }

  it('what leads on is kept, and an undeclared error is found', async () => {
    // Three bytes that must be right one after the other, in code whose coverage is looked at.
    const seen: number[] = []
    const target: Target = {
      name: 'planted',
      seeds: [Buffer.from('{"f":1,"creates":4,"pzxid":9}')],
      throws: [Error],
      run(bytes) {
        seen.push(bytes.length)
        return TARGETS.find(({ name }) => name === 'other records')!.run(bytes)
      },
    }
    const { corpus } = await fuzzTarget(target, new Coverage(), { seed: SEED, inputs: 1_000 })
    expect(corpus.length).to.be.above(target.seeds.length)
    const found: string[] = []
    const broken: Target = { ...target, throws: [], run: () => JSON.parse('{') }
    await tryOne(broken, Buffer.from('x'), (what) => found.push(what))
    expect(found[0]).to.match(/^throws SyntaxError/)
    const greedy: unknown[] = []
    const taking: Target = { ...target, run: () => void greedy.push(Buffer.alloc(2 ** 24)) }
    await tryOne(taking, Buffer.from('x'), (what) => found.push(what))
    expect(found[1]).to.equal('more memory than its bytes allow')
  })

  it('the same seed gives the same inputs', async () => {
    const inputsOf = async (): Promise<string[]> => {
      const inputs: string[] = []
      const run = (bytes: Buffer) => void inputs.push(bytes.toString('hex'))
      const target: Target = { name: 'none', seeds: [Buffer.from('abc')], throws: [], run }
      const { problems } = await fuzzTarget(target, coverage, { seed: 5, inputs: 500 })
      expect(problems satisfies readonly Problem[]).to.deep.equal([])
      return inputs
    }
    expect(await inputsOf()).to.deep.equal(await inputsOf())
  })
})
