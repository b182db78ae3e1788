/** Holds an ephemeral znode until it is killed: CONNECT-STRING TIMEOUT-MS PATH. */
import ZooKeeper from 'zookeeper'

const [connect, timeout, path] = process.argv.slice(2)
const client = new ZooKeeper({ connect, timeout: Number(timeout) })
client.on('connect', async () => {
  await client.create(path, '', ZooKeeper.constants.ZOO_EPHEMERAL)
  console.log(`holding ${path}`)
})
client.init({})
