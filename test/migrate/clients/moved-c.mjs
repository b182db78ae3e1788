/**
 * The official C client, as the npm package `zookeeper` builds it, as it is moved between servers. It has a process of its own: when it
 * reconnects, its addon closes file descriptors that other sockets of the process have by then. Arguments: servers, its room, the
 * timeout of its session in ms. A line on stdin is the value that its watch must bring.
 */
import { createInterface } from 'node:readline'
import ZooKeeper from 'zookeeper'

const [servers, room, timeout] = process.argv.slice(2)
const { ZOO_EPHEMERAL, ZOO_PERSISTENT_SEQUENTIAL, ZOO_CHANGED_EVENT } = ZooKeeper.constants
const client = new ZooKeeper({ connect: servers, timeout: Number(timeout) })
client.setLogger(false)
const fired = []
let lost = 0
let wake = () => {}

const hex = (id) => BigInt(`0x${id}`).toString(16)
const tell = (line) => console.log(JSON.stringify(line))

async function watch() {
  const [, data] = await client.w_get(`${room}/watched`, (type) => {
    // Events of the session reach all watches.
    if (type === ZOO_CHANGED_EVENT) watch()
  })
  fired.push(String(data))
  wake()
}

client.on('close', () => lost++)
const connected = new Promise((resolve) => client.once('connect', resolve))
client.init({})
await connected
await client.create(`${room}/mine`, '', ZOO_EPHEMERAL)
await watch()
tell({ what: 'ready' })
for await (const value of createInterface(process.stdin)) {
  if (value === 'release') {
    tell({ what: 'released', held: {} })
    continue
  }
  while (!fired.includes(value)) {
    await new Promise((resolve) => {
      wake = resolve
    })
  }
  const sequence = await client.create(`${room}/line/n-`, '', ZOO_PERSISTENT_SEQUENTIAL)
  const { ephemeralOwner } = await client.exists(`${room}/mine`, false)
  const [session, owner] = [client.client_id, ephemeralOwner].map(hex)
  tell({ what: 'turn', session, owner, sequence, fired, lost, held: {} })
}
client.close()
