/** A process that holds a lock, and says ten times a second whether it does. Arguments: store, path. */
import { openStore } from '../../adapters/index.ts'
import { connect, Keeper, Mutex } from '../../lib/index.ts'

const [store = '', path = ''] = process.argv.slice(2)
const keeper = await Keeper.open({ store: await openStore(store) })
const client = await connect(keeper, { timeoutMs: 4_000 })
const held = await new Mutex(client, path).acquire()
console.log(`token ${held.token}`)
held.signal.addEventListener('abort', () => console.log(`lost ${held.signal.reason.code}`))
setInterval(() => console.log(`held ${held.isHeld}`), 100)
