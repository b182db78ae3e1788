/** A consumer's program in TypeScript, compiled to CommonJS: the compiler makes require() of these imports. */
import { connect, Keeper, Mutex } from 'anykeeper'
import { openStore } from 'anykeeper/adapters'

async function main(): Promise<void> {
  const store = await openStore('memory:')
  const keeper = await Keeper.open({ store })
  const client = await connect(keeper)
  const held = await new Mutex(client, '/lock').acquire({ timeoutMs: 1_000 })
  console.log('commonjs', held.isHeld)
  await client.close()
  await keeper.close()
  await store.close()
}

main()
