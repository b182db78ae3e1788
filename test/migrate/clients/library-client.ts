/** The library over the wire, with a mutex and a latch, and a second one that waits for both. */
import { connect, LeaderLatch, Mutex, type ZooKeeper } from '../../../lib/index.ts'
import { eventually } from '../../support/eventually.ts'
import { outcomeOf } from '../../support/recipe-bench.ts'
import { hex, LATE_MS, type MovedClient, roomOf, SESSION_MS, type Seen } from './moved-client.ts'

const textOf = (data: Uint8Array | null): string => Buffer.from(data ?? []).toString()

/** Its client, and the states that it went through. */
async function connected(servers: string): Promise<{ client: ZooKeeper; states: string[] }> {
  const states: string[] = []
  const client = await connect(`zk://${servers}`, { timeoutMs: SESSION_MS })
  client.onStateChange((state) => void states.push(String(state)))
  return { client, states }
}

export async function libraryClient(servers: string): Promise<MovedClient> {
  const room = roomOf('library')
  const { client, states } = await connected(servers)
  const rival = await connected(servers)
  await client.create(`${room}/mine`, null, { mode: 'ephemeral' })
  const fired: string[] = []
  const watch = async (): Promise<void> => {
    const { data } = await client.getData(`${room}/watched`, () => {
      watch().then(
        () => {},
        (error: unknown) => fired.push(String(error)),
      )
    })
    fired.push(textOf(data))
  }
  await watch()
  const held = await new Mutex(client, `${room}/mutex`).acquire({ timeoutMs: LATE_MS })
  const latch = new LeaderLatch(client, `${room}/latch`)
  await latch.waitForLeadership({ timeoutMs: LATE_MS })
  const waits = new Mutex(rival.client, `${room}/mutex`).acquire()
  const outcome = outcomeOf(waits)
  const second = new LeaderLatch(rival.client, `${room}/latch`)
  await second.start()

  async function turn(value: string): Promise<Seen> {
    await eventually(`${value} by the watch`, () => fired.includes(value), LATE_MS)
    const { path: sequence } = await client.create(`${room}/line/n-`, null, {
      mode: 'persistent-sequential',
    })
    const mine = await client.exists(`${room}/mine`)
    return {
      session: hex(client.sessionId),
      owner: hex(mine?.ephemeralOwner ?? 0n),
      sequence,
      fired: [...fired],
      lost: [...states, ...rival.states].filter((state) => state === 'lost').length,
      held: {
        mutex: held.isHeld,
        latch: latch.isLeader,
        'rival mutex': outcome.now !== 'pending',
        'rival latch': second.isLeader,
      },
    }
  }
  return {
    name: 'library',
    room,
    turn,
    async release() {
      await held.release()
      await latch.close()
      const last = await waits
      await second.waitForLeadership({ timeoutMs: LATE_MS })
      return { mutex: last.isHeld && last.token > held.token, latch: second.isLeader }
    },
    async close() {
      await client.close()
      await rival.client.close()
    },
  }
}
