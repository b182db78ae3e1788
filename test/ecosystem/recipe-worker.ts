/** A process that takes an element and leads, and says ten times a second whether it has both. Arguments: store, path. */
import { openStore } from '../../adapters/index.ts'
import { connect, GroupMember, Keeper, LeaderSelector, LockingQueue } from '../../lib/index.ts'

const [store = '', path = ''] = process.argv.slice(2)
const keeper = await Keeper.open({ store: await openStore(store) })
const client = await connect(keeper, { timeoutMs: 4_000 })
const element = await new LockingQueue(client, `${path}/queue`).take()
const selector = new LeaderSelector(client, `${path}/selector`, {
  takeLeadership: ({ signal }) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  onError: () => {},
})
await selector.start()
await new GroupMember(client, `${path}/group`, 'worker', { onError: () => {} }).start()
console.log(`token ${element.token}`)
element.signal.addEventListener('abort', () => console.log(`lost ${element.signal.reason.code}`))
setInterval(() => console.log(`has ${element.isHeld} ${selector.isLeader}`), 100)
