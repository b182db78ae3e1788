/** The official C client, as the npm package `zookeeper` builds it, in this process. */
import type ZooKeeper from 'zookeeper'
import { eventually, within } from '../../support/eventually.ts'
import { hex, LATE_MS, type MovedClient, roomOf, SESSION_MS } from './moved-client.ts'

const nothingHeld = { release: async () => ({}) }

export async function cClient(servers: string): Promise<MovedClient> {
  const name = 'c'
  const room = roomOf(name)
  // Not at the top: where the addon was not built, the file must still load.
  const { default: Client } = await import('zookeeper')
  const client: ZooKeeper = new Client({ connect: servers, timeout: SESSION_MS })
  client.setLogger(false)
  let lost = 0
  client.on('close', () => lost++)
  const connected = new Promise<void>((resolve) => client.once('connect', () => resolve()))
  client.init({})
  await within('a connection of the C client', LATE_MS, connected)
  const { ZOO_EPHEMERAL, ZOO_PERSISTENT_SEQUENTIAL, ZOO_CHANGED_EVENT } = Client.constants
  await client.create(`${room}/mine`, '', ZOO_EPHEMERAL)
  const fired: string[] = []
  const watch = async (): Promise<void> => {
    const answer = await client.w_get(`${room}/watched`, (type: number) => {
      // Events of the session reach all watches.
      if (type !== ZOO_CHANGED_EVENT) return
      watch().catch((error: unknown) => fired.push(String(error)))
    })
    fired.push((answer as unknown as [unknown, Buffer])[1].toString())
  }
  await watch()
  const idText = (id: unknown): string => hex(BigInt(`0x${String(id)}`))
  return {
    ...{ name, room, ...nothingHeld },
    async turn(value) {
      await eventually(`${value} by the watch of ${name}`, () => fired.includes(value), LATE_MS)
      const sequence = await client.create(`${room}/line/n-`, '', ZOO_PERSISTENT_SEQUENTIAL)
      const mine = await client.exists(`${room}/mine`, false)
      const { ephemeralOwner } = mine as unknown as { ephemeralOwner: string }
      return {
        ...{ session: idText(client.client_id), owner: idText(ephemeralOwner) },
        ...{ sequence, fired: [...fired], lost, held: {} },
      }
    },
    close: async () => client.close(),
  }
}
