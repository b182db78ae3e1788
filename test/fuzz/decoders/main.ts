/**
 * `npm run test:fuzz:decoders -- [--seconds 600] [--seed N] [--only TEXT]`: the long hunt of everything that reads
 * bytes of others, each target for its share of the time.
 */
import { parseArgs } from 'node:util'
import { Coverage } from './coverage.ts'
import { fuzzTarget } from './loop.ts'
import { TARGETS } from './targets.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    only: { type: 'string', default: '' },
  },
})
const seed = Number(values.seed)
console.log(`seed ${seed}`)
const targets = TARGETS.filter(({ name }) => name.includes(values.only))
const coverage = new Coverage()
for (const target of targets) {
  const ms = (Number(values.seconds) * 1_000) / targets.length
  const { inputs, corpus, problems } = await fuzzTarget(target, coverage, { seed, ms })
  console.log(`${target.name}: ${inputs} inputs, ${corpus.length} kept, ${coverage.blocks} blocks`)
  for (const { what, hex } of problems) console.log(`  ${what}\n  ${hex}`)
  if (problems.length > 0) process.exitCode = 1
}
coverage.stop()
