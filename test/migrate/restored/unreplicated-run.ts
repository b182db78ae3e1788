/**
 * A leader that logs transactions which it can send to nobody, is killed, and leads once more with one follower that never gets
 * its history: it sends that to us, and is killed again. The others have never seen it, and continue without. What we have must be
 * what they have, with nothing to take back. Used by ../main.ts.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventually, within } from '../../support/eventually.ts'
import { freePorts } from '../../support/free-port.ts'
import { RawClient } from '../../support/raw-client.ts'
import type { ZookeeperLine } from '../../support/requirements.ts'
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts'
import { type ZookeeperOptions, ZookeeperServer } from '../../support/zookeeper-server.ts'
import { FollowedStore } from './followed-store.ts'

export interface UnreplicatedReport {
  /** Since it was first up to date. */
  readonly snapshots: number
  readonly truncates: number
  readonly differences: readonly string[]
}

const HOST = '127.0.0.1'
const COUNT = 20
const DATA = Buffer.alloc(1_000, 'lost')
const LATE_MS = 60_000
const address = (port: number) => ({ host: HOST, port })

class Bed {
  /** The last one is the one that leads. */
  readonly members: readonly ZookeeperServer[]
  readonly store: FollowedStore
  /** From the other members to the one that leads. */
  readonly link: TcpFaultProxy

  private constructor(bed: Pick<Bed, 'members' | 'store' | 'link'>) {
    this.members = bed.members
    this.store = bed.store
    this.link = bed.link
  }

  static async open(options: ZookeeperOptions): Promise<Bed> {
    const ports = await freePorts(9)
    const own = `${HOST}:${ports[5]}`
    const link = await TcpFaultProxy.start(own)
    const members = [1, 2, 3].map((myId) => {
      const quorum = [`${HOST}:${ports[3]}`, `${HOST}:${ports[4]}`]
      quorum.push(myId === 3 ? own : link.host)
      const peers = Object.fromEntries(
        quorum.map((at, index) => [`server.${index + 1}`, `${at}:${ports[6 + index]}`]),
      )
      return new ZookeeperServer({ port: ports[myId - 1]!, peers, myId }, options)
    })
    const store = new FollowedStore({
      servers: members.map(({ port }) => address(port)),
      quorum: [ports[5]!, ports[3]!, ports[4]!].map(address),
    })
    return new Bed({ members, store, link })
  }

  async close(): Promise<void> {
    await this.store.close()
    for (const member of this.members) await member.stop()
    await this.link.stop()
  }
}

export async function unreplicatedRun(line: ZookeeperLine): Promise<UnreplicatedReport> {
  const bed = await Bed.open({ version: line, tickTimeMs: 500, heapMb: 96 })
  try {
    await lose(bed)
    const { difference } = await bed.store.verdict()
    // Leaving writes what was counted.
    await bed.store.leave()
    const { snapshots = 0, truncates = 0 } = await bed.store.counters()
    return { snapshots: snapshots - 1, truncates, differences: difference.first }
  } finally {
    await bed.close()
  }
}

async function lose({ members, store, link }: Bed): Promise<void> {
  const [first, second, leader] = members as [ZookeeperServer, ZookeeperServer, ZookeeperServer]
  // Of two with the same history the one with the higher id leads.
  first.launch()
  await leader.start()
  await second.start()
  await write(leader, '/kept')
  store.follow()
  await store.until('a copy', ({ leader: at, zxid }) => at !== '' && zxid > 0)
  await write(leader, '/followed')

  const client = await RawClient.connect({ port: leader.port, timeoutMs: 10_000 })
  link.pause('down')
  const answers = Array.from({ length: COUNT }, (_, at) =>
    client.create(`/lost-${at}`, { data: DATA }).catch(() => {}),
  )
  await eventually('its log', () => logsOf(leader).includes(`/lost-${COUNT - 1}`), LATE_MS)
  await Promise.all([leader.kill(), second.kill()])
  await Promise.all(answers)
  client.destroy()

  // What was held back is lost with it.
  link.cut()
  // Its first packet begins the epoch, and is all that the follower gets.
  link.resume('down')
  const begun = link.passedDown(1).then(() => link.pause('down'))
  const { bytes } = store
  leader.launch()
  await within('an epoch', LATE_MS, begun)
  await eventually('its history', () => store.bytes - bytes >= COUNT * DATA.length, LATE_MS)
  await leader.kill()

  link.cut()
  link.resume('down')
  await second.start()
  await write(second, '/after')
  await leader.start()
  await store.until('a leader', ({ leader: at }) => at !== '')
}

async function write({ port }: ZookeeperServer, path: string): Promise<void> {
  await eventually(
    path,
    async () => {
      const client = await RawClient.connect({ port, timeoutMs: 10_000 })
      const { err } = await client.create(path)
      await client.close()
      return err === 0
    },
    LATE_MS,
  )
}

function logsOf({ dataDir }: ZookeeperServer): string {
  const folder = join(dataDir, 'version-2')
  const logs = readdirSync(folder).filter((name) => name.startsWith('log.'))
  return logs.map((name) => readFileSync(join(folder, name), 'latin1')).join('')
}
