/** A consumer's program in TypeScript: compiled, then run as a module. */
import { Keeper, connect, Mutex } from 'anykeeper'
import { openStore } from 'anykeeper/adapters'

const store = await openStore('memory:')
{
  await using keeper = await Keeper.open({ store })
  await using client = await connect(keeper)
  await using held = await new Mutex(client, '/lock').acquire({ timeoutMs: 1_000 })
  console.log('module', held.isHeld)
}
await store.close()
