/**
 * `npm run test:fuzz -- [--seconds 600] [--sequences N] [--store file|memory|etcd|redis] [--seed N] [--from N] [--shrink 60]
 * [--wait 5000] [--after 15000] [--enforce-quota] [--calm] [--program other/dist/cli.js]`: the long hunt. Every
 * sequence depends on its seed and its number alone: `--seed S --from N --seconds 1` plays that one again. README.md
 * says what is looked at. `--calm`: sequences of one small create, to see how long a bystander waits on this machine.
 */
import { parseArgs } from 'node:util'
import type { Sequence } from './actions.ts'
import { STORES, type StoreName } from './beds.ts'
import { EXTREME_NAMES } from './extremes.ts'
import { describe, hunt, kindOf } from './hunt.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    sequences: { type: 'string', default: 'Infinity' },
    store: { type: 'string', default: 'file' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    from: { type: 'string', default: '0' },
    shrink: { type: 'string', default: '60' },
    wait: { type: 'string', default: '5000' },
    after: { type: 'string', default: '15000' },
    calm: { type: 'boolean', default: false },
    'enforce-quota': { type: 'boolean', default: false },
    program: { type: 'string' },
  },
})
if (!(STORES as readonly string[]).includes(values.store)) {
  throw new Error(`--store is ${STORES.join(', ')}`)
}
if (values.store === 'memory' && values.program !== undefined) {
  throw new Error('--store memory plays in this process: it takes no --program')
}
const seed = Number(values.seed)
const kinds = EXTREME_NAMES.length
console.log(`seed ${seed}, store ${values.store}: ${kinds} kinds of extremes, then mixes`)
const CALM: Sequence = [
  {
    ...{ s: 0, do: 'create', count: 10, name: { char: 'p', length: 20 } },
    op: 1,
    flags: 0,
    data: 1,
    ttlMs: 0,
  },
]
let longestMs = 0
const { played, found } = await hunt({
  store: values.store as StoreName,
  seed,
  from: Number(values.from),
  sequences: Number(values.sequences),
  ms: Number(values.seconds) * 1_000,
  shrinkMs: Number(values.shrink) * 1_000,
  waitMsMax: Number(values.wait),
  afterMs: Number(values.after),
  ...(values.calm ? { sequence: CALM } : {}),
  onWaited: (ms) => {
    longestMs = Math.max(longestMs, ms)
  },
  onPlayed(number, seconds) {
    const kind = values.calm ? 'calm' : (kindOf(seed, number) ?? 'a mix')
    const waited = `a bystander waited ${Math.round(longestMs)} ms at most`
    console.log(`sequence ${number}, ${kind}: ${seconds.toFixed(0)} s, ${waited}`)
    longestMs = 0
  },
  enforceQuota: values['enforce-quota'],
  program: values.program,
  onFound: (one) => console.log(describe(seed, one)),
})
console.log(`${played} sequences, ${found.length} findings`)
process.exitCode = found.length > 0 ? 1 : 0
