/**
 * `npm run test:fuzz -- [--seconds 600] [--store file|memory|etcd|redis] [--seed N] [--from N] [--shrink 60]
 * [--wait 5000] [--enforce-quota] [--program other/dist/cli.js]`: the long hunt. Every sequence depends on its seed
 * and its number alone: `--seed S --from N --seconds 1` plays that one again.
 */
import { parseArgs } from 'node:util'
import { STORES, type StoreName } from './beds.ts'
import { describe, hunt } from './hunt.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    store: { type: 'string', default: 'file' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    from: { type: 'string', default: '0' },
    shrink: { type: 'string', default: '60' },
    wait: { type: 'string', default: '5000' },
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
console.log(`seed ${seed}, store ${values.store}`)
const { played, found } = await hunt({
  store: values.store as StoreName,
  seed,
  from: Number(values.from),
  ms: Number(values.seconds) * 1_000,
  shrinkMs: Number(values.shrink) * 1_000,
  waitMsMax: Number(values.wait),
  enforceQuota: values['enforce-quota'],
  program: values.program,
  onFound: (one) => console.log(describe(seed, one)),
})
console.log(`${played} sequences, ${found.length} findings`)
process.exitCode = found.length > 0 ? 1 : 0
