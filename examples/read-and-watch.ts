/** Reads a configuration znode and follows its changes, from the replica in this process. */
import { openStore } from '../adapters/index.ts'
import { connect, ensurePath, Keeper } from '../lib/index.ts'

const store = await openStore(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379')
const keeper = await Keeper.open({ store })
const client = await connect(keeper)
await ensurePath(client, '/app/config')

async function show(): Promise<void> {
  const { data, stat } = await client.getData('/app/config', show)
  console.log(`version ${stat.version}: ${Buffer.from(data ?? []).toString()}`)
}
await show()
await client.setData('/app/config', Buffer.from('hello'))

process.once('SIGTERM', async () => {
  await client.close()
  await keeper.close()
  await store.close()
})
