/** The doors of the package by require. */
const { openStore } = require('anykeeper/adapters')
const { connect, Keeper } = require('anykeeper')
const { ProxyServer } = require('anykeeper/proxy')

async function main() {
  const store = await openStore('memory:')
  const keeper = await Keeper.open({ store })
  const client = await connect(keeper)
  await client.create('/a', Buffer.from('x'))
  const { data } = await client.getData('/a')
  await client.close()
  await keeper.close()
  await store.close()
  console.log(Buffer.from(data).toString(), typeof ProxyServer)
}

main()
