/** A controller of which any number may run, and one works at a time. Needs only a store. */
import { hostname } from 'node:os'
import { openStore } from '../adapters/index.ts'
import { connect, Keeper, LeaderLatch } from '../lib/index.ts'

const store = await openStore(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379')
const keeper = await Keeper.open({ store })
const client = await connect(keeper, {
  timeoutMs: 10_000,
  onState: (state) => console.log(`session ${state}`),
})
const latch = new LeaderLatch(client, '/controllers/example', {
  id: hostname(),
  // What the leader writes should carry the token; its work ends with the signal.
  onElected: ({ token }) => console.log(`leading, fencing token ${token}`),
  onLost: () => console.log('leading no more'),
  onError: (error) => console.error('election', error),
})
await latch.start()
console.log(latch.isLeader ? 'first in line' : 'standing by')

process.once('SIGTERM', async () => {
  await latch.close()
  await client.close()
  await keeper.close()
  await store.close()
})
