/** node-zookeeper-client, unmodified, in this process. */
import { NodeClient, nodeZookeeper } from '../../ecosystem/node-client.ts'
import { eventually } from '../../support/eventually.ts'
import { hex, LATE_MS, type MovedClient, roomOf, SESSION_MS } from './moved-client.ts'

export async function nodeZookeeperClient(servers: string): Promise<MovedClient> {
  const name = 'node-zookeeper-client'
  const room = roomOf(name)
  const client = await NodeClient.connect(servers, { sessionTimeoutMs: SESSION_MS })
  const { EPHEMERAL, PERSISTENT_SEQUENTIAL } = nodeZookeeper.CreateMode
  await client.create(`${room}/mine`, { mode: EPHEMERAL })
  const fired: string[] = []
  const watch = async (): Promise<void> => {
    const { data } = await client.getData(`${room}/watched`, () => {
      watch().catch((error: unknown) => fired.push(String(error)))
    })
    fired.push(data ?? '')
  }
  await watch()
  return {
    ...{ name, room, release: async () => ({}) },
    async turn(value) {
      await eventually(`${value} by the watch of ${name}`, () => fired.includes(value), LATE_MS)
      const sequence = await client.create(`${room}/line/n-`, { mode: PERSISTENT_SEQUENTIAL })
      const mine = await client.exists(`${room}/mine`)
      return {
        session: hex(BigInt(`0x${client.sessionId}`)),
        owner: hex(mine?.ephemeralOwner.readBigInt64BE() ?? 0n),
        ...{ sequence, fired: [...fired], held: {} },
        lost: client.states.filter((state) => state === 'EXPIRED').length,
      }
    },
    close: async () => client.close(),
  }
}
