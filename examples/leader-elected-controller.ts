/** A controller of which any number may run, and one works at a time. Needs only a store. */
import { hostname } from 'node:os'
import { openStore } from '../adapters/index.ts'
import { Keeper, KeeperClient, LeaderElection } from '../lib/index.ts'

const store = await openStore(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379')
const keeper = await Keeper.open({ store })
const client = await KeeperClient.connect(keeper, {
  timeoutMs: 10_000,
  onState: (state) => console.log(`session ${state}`),
})
const election = new LeaderElection(client, {
  path: '/controllers/example',
  data: Buffer.from(hostname()),
  onElected: () => console.log('leading'),
})
await election.join()
console.log(election.isLeader ? 'first in line' : 'standing by')

process.once('SIGTERM', async () => {
  await client.close()
  await keeper.close()
  await store.close()
})
