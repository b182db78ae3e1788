/** A process that takes over, and is ended by SIGKILL at one of its operations: URL PREFIX AT HOW. */
import { openStore } from '../../../adapters/index.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import { takeOver } from '../../../lib/migrate/take-over.ts'
import { type At, dyingStore } from './dying-store.ts'

const [url = '', prefix = '', at = '', how] = process.argv.slice(2)
const store = dyingStore(await openStore(url, { create: false }), {
  at: (/^\d+$/.test(at) ? Number(at) : at) as At,
  how: how === 'after' ? 'after' : 'before',
  onReached: () => process.kill(process.pid, 'SIGKILL'),
})
const alive = setInterval(() => {}, 1_000)
await takeOver({ store, prefix, logger: silentLogger })
await store.close()
clearInterval(alive)
