/** The yardstick's faults, under the names of those of anykeeper that they stand beside. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ZookeeperBed } from '../bed/zookeeper-bed.ts'
import type { BedName, FaultContext, Goal, ZookeeperFault } from '../fault.ts'

type Context = FaultContext<ZookeeperBed>

const yardstick: Goal = { text: '' }
const downMs = 10_000
const hungMs = 12_000
const heldMs = 15_000

type Run = (context: Context) => Promise<void>

function fault(name: string, before: string, run: Run, bed: BedName = 'zookeeper') {
  return { peer: 'zookeeper', name, bed, before, goal: yardstick, run } as const
}

const linked = 'zookeeper with links'

async function killMember({ bed, healed }: Context, index: number, ms: number): Promise<void> {
  await bed.servers[index]!.kill()
  await sleep(ms)
  bed.servers[index]!.launch()
  healed()
}

async function stopMember({ bed, healed }: Context, index: number, ms: number): Promise<void> {
  bed.servers[index]!.child.signal('SIGSTOP')
  await sleep(ms)
  bed.servers[index]!.child.signal('SIGCONT')
  healed()
}

async function cutOff({ bed, healed }: Context, index: number): Promise<void> {
  bed.cutOff(index)
  await sleep(heldMs)
  bed.heal()
  healed()
}

async function noEntries({ bed, healed }: Context): Promise<void> {
  bed.holdInto(await bed.follower())
  await sleep(heldMs)
  bed.heal()
  healed()
}

/** When any of the members has a mode again, that is, a quorum. */
async function untilBack({ bed, back, healed }: Context): Promise<void> {
  await bed.leader()
  back(performance.now())
  healed()
}

export const zookeeperFaults: readonly ZookeeperFault[] = [
  fault('calm', '', async ({ healed }) => {
    await sleep(5_000)
    healed()
  }),
  fault('etcd leader SIGKILL', '0.96; all', async (context) =>
    killMember(context, await context.bed.leader(), downMs),
  ),
  fault('etcd leader SIGSTOP 12 s', '12.1; all, 4 sessions lost', async (context) =>
    stopMember(context, await context.bed.leader(), hungMs),
  ),
  fault('first host hung as follower', '0.29; a third', async (context) =>
    stopMember(context, await context.bed.follower(), hungMs),
  ),
  fault(
    'first host cut off as follower',
    '–',
    async (context) => cutOff(context, await context.bed.follower()),
    linked,
  ),
  fault(
    'first host cut off as leader',
    '–',
    async (context) => cutOff(context, await context.bed.leader()),
    linked,
  ),
  fault('first host gets no entries', 'follower cut after syncLimit', noEntries, linked),
  fault('proxy SIGKILL', '0.23', async (context) =>
    killMember(context, await context.bed.follower(), 5_000),
  ),
  fault('proxy SIGSTOP 2 s', '0.17', async (context) =>
    stopMember(context, await context.bed.follower(), 2_000),
  ),
  fault('rolling restart of proxies', '–', async ({ bed, healed }) => {
    for (const member of bed.servers) {
      await member.end()
      await member.start()
      await sleep(1_500)
    }
    healed()
  }),
  fault('quorum lost 20 s', '20.8; all, 5 lost', async (context) => {
    const { bed, random } = context
    const survivor = Math.floor(random() * 3)
    const dead = bed.servers.filter((_, index) => index !== survivor)
    await Promise.all(dead.map((member) => member.kill()))
    await sleep(20_000)
    for (const member of dead) member.launch()
    await untilBack(context)
  }),
  fault('all of etcd killed and started', '–', async (context) => {
    const { servers } = context.bed
    await Promise.all(servers.map((member) => member.kill()))
    await sleep(2_000)
    for (const member of servers) member.launch()
    await untilBack(context)
  }),
]
