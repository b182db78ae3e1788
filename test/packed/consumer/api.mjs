/** The doors of the package by import; the API tests are conformance.test.mjs. */

import { connect, Keeper, LeaderLatch } from 'anykeeper'
import { openStore, registerStore } from 'anykeeper/adapters'
import { ProxyServer } from 'anykeeper/proxy'

const store = await openStore('memory:')
const keeper = await Keeper.open({ store })
const client = await connect(keeper)
await client.create('/a', Buffer.from('x'))
const { data } = await client.getData('/a')
const proxy = await ProxyServer.listen(keeper, { port: 0 })
await proxy.close(0)
await client.close()
await keeper.close()
await store.close()
const doors = [registerStore, LeaderLatch].map((door) => typeof door)
console.log(Buffer.from(data).toString(), ...doors)
