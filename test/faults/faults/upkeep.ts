/** What others do to a shared etcd: compaction, defragmentation, filling it, filling its disk. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnykeeperBed } from '../bed/anykeeper-bed.ts'
import type { EtcdMember } from '../bed/etcd-member.ts'
import { missingMount } from '../bed/named-beds.ts'
import type { AnykeeperFault, FaultContext } from '../fault.ts'

type Context = FaultContext<AnykeeperBed>

const fullMs = 10_000
const megabyte = Buffer.alloc(1024 * 1024, 'x')

export const upkeepFaults: readonly AnykeeperFault[] = [
  {
    peer: 'anykeeper',
    name: 'compaction and defrag by others',
    bed: 'ordinary',
    goal: { gapS: 1.5, noneDisconnected: true, noneLost: true, text: '≤ 1.5; none' },
    async run({ bed, healed }) {
      for (let times = 0; times < 3; times++) {
        const { api } = bed.members[times]!
        await api.compact(await api.confirm())
        for (const member of bed.members) {
          await member.api.defragment()
          await sleep(300)
        }
      }
      healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'history compacted while a feed is down',
    bed: 'ordinary',
    goal: { gapS: 0.5, noneLost: true, text: '≤ 0.5; no event lost unnoticed' },
    async run({ bed, random, healed }) {
      const links = bed.storeLinks[Math.floor(random() * 3)]!
      const { api } = bed.members[0]!
      for (let times = 0; times < 4; times++) {
        for (const link of links) {
          link.refuse(true)
          link.cut()
        }
        await sleep(300 + random() * 1_200)
        await api.compact(await api.confirm())
        for (const link of links) link.refuse(false)
        await sleep(2_000)
      }
      healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'history compacted while a feed is held',
    bed: 'ordinary',
    goal: { gapS: 0.5, noneLost: true, text: '≤ 0.5; no event lost unnoticed' },
    async run({ bed, random, healed }) {
      const links = bed.storeLinks[Math.floor(random() * 3)]!
      const { api } = bed.members[0]!
      for (let times = 0; times < 3; times++) {
        for (const link of links) link.pause('down')
        await sleep(1_000 + random() * 2_000)
        await api.compact(await api.confirm())
        for (const link of links) {
          link.resume('down')
          link.cut()
        }
        await sleep(2_000)
      }
      healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'NOSPACE',
    bed: 'small quota',
    goal: { afterBackS: 1, noneLost: true, text: '≤ 1 after it is disarmed; 0 sessions lost' },
    run: noSpace,
  },
  {
    peer: 'anykeeper',
    name: 'disk of the leader full',
    bed: 'small disk',
    missing: missingMount,
    goal: { gapS: 3, noneLost: true, text: '≤ 3; 0 sessions lost' },
    async run(context) {
      await fillDisks(context, [context.bed.members[await context.bed.leader()]!])
    },
  },
  {
    peer: 'anykeeper',
    name: 'disk of all of etcd full',
    bed: 'small disk',
    missing: missingMount,
    goal: { afterBackS: 1, noneLost: true, text: '≤ 1 after it is back; 0 sessions lost' },
    async run(context) {
      await fillDisks(context, context.bed.members)
      context.back(await context.bed.untilQuorum([0, 1, 2]))
    },
  },
]

async function noSpace({ bed, back, healed, note }: Context): Promise<void> {
  const { api } = bed.members[0]!
  for (let count = 0; count < 200; count++) {
    try {
      await api.put(`/other/${count}`, megabyte)
    } catch {
      break
    }
  }
  const alarms = (await api.alarms()).map(({ alarm }) => alarm)
  note(`alarms ${alarms.join(' ') || 'none'}`)
  await sleep(fullMs)
  await api.deletePrefix('/other/')
  await api.compact(await api.confirm())
  for (const member of bed.members) await member.api.defragment()
  await api.disarm()
  back(performance.now())
  healed()
}

/** Whether etcd dies of it depends on what it was about to write; it is started again afterwards. */
async function fillDisks({ healed, note }: Context, members: readonly EtcdMember[]): Promise<void> {
  const fillers = members.map((member) => {
    const path = join(dirname(member.dataFolder), 'filler')
    fill(path)
    return path
  })
  await sleep(fullMs)
  const died = members.filter((member) => !member.running).length
  note(`${died} of ${members.length} members ended by themselves`)
  for (const path of fillers) rmSync(path)
  for (const member of members) {
    await member.kill()
    member.launch()
  }
  healed()
}

function fill(path: string): void {
  const file = openSync(path, 'w')
  try {
    for (;;) if (writeSync(file, megabyte) < megabyte.length) break
    for (;;) writeSync(file, 'x')
  } catch {
    // Full.
  } finally {
    closeSync(file)
  }
}
