/** A member of etcd that dies, hangs, or is cut off; the link of one proxy. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnykeeperBed } from '../bed/anykeeper-bed.ts'
import type { AnykeeperFault, FaultContext } from '../fault.ts'

type Context = FaultContext<AnykeeperBed>

const downMs = 10_000
const hungMs = 12_000
const heldMs = 15_000
/** Long enough to see reads older than any bound, and a sync that freezes. */
const entriesHeldMs = 20_000
/** A member that has just changed its leader is passed over by a proxy that starts. */
const settledMs = 2_000
const quorumLostMs = 20_000

export const etcdFaults: readonly AnykeeperFault[] = [
  {
    peer: 'anykeeper',
    name: 'calm',
    bed: 'ordinary',
    goal: { text: 'what this machine does to the figures' },
    async run(context) {
      await sleep(5_000)
      context.healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'etcd leader SIGKILL',
    bed: 'ordinary',
    before: '1.2–5.3; 0–10 of 31',
    goal: { gapS: 1.5, noneDisconnected: true, noneLost: true, text: '≤ 1.5; none' },
    run: killLeader,
  },
  {
    peer: 'anykeeper',
    name: 'etcd leader SIGKILL, --election-timeout 500',
    bed: 'quick elections',
    goal: { gapS: 1.5, noneDisconnected: true, noneLost: true, text: '≤ 1.5; none' },
    run: killLeader,
  },
  {
    peer: 'anykeeper',
    name: 'etcd leader SIGSTOP 12 s',
    bed: 'ordinary',
    before: '5.2–5.8; all',
    goal: { gapS: 3, noneDisconnected: true, noneLost: true, text: '≤ 3; none' },
    async run(context) {
      await hang(context, await context.bed.leader(), true)
    },
  },
  {
    peer: 'anykeeper',
    name: 'first host hung as follower',
    bed: 'ordinary',
    before: '6.2; all',
    goal: { gapS: 0.5, noneDisconnected: true, noneLost: true, text: '≤ 0.5; none' },
    prepare: freshUnderOtherLeader,
    async run(context) {
      await follow(context, 0)
      await hang(context, 0)
    },
  },
  {
    peer: 'anykeeper',
    name: 'other follower hung',
    bed: 'ordinary',
    goal: { gapS: 0.5, noneDisconnected: true, noneLost: true, text: '≤ 0.5; none' },
    prepare: (bed) => bed.lead(0),
    async run(context) {
      await hang(context, 1 + Math.floor(context.random() * 2))
    },
  },
  {
    peer: 'anykeeper',
    name: 'first host cut off as follower',
    bed: 'ordinary',
    before: '5.5; all',
    goal: { gapS: 1, noneDisconnected: true, noneLost: true, text: '≤ 1; none' },
    prepare: freshUnderOtherLeader,
    async run(context) {
      await follow(context, 0)
      await cutOff(context, 0)
    },
  },
  {
    peer: 'anykeeper',
    name: 'first host cut off as leader',
    bed: 'ordinary',
    before: '5.5; all',
    goal: { gapS: 3, noneDisconnected: true, noneLost: true, text: '≤ 3; none' },
    prepare: freshUnderFirst,
    async run(context) {
      await cutOff(context, 0)
    },
  },
  {
    peer: 'anykeeper',
    name: 'first host gets no entries',
    bed: 'ordinary',
    before: 'reads stale without bound, one sync freezes',
    goal: { gapS: 4, staleS: 4, text: 'stale ≤ 4 s; no freeze' },
    prepare: freshUnderOtherLeader,
    async run(context) {
      await noEntries(context, 0)
    },
  },
  {
    peer: 'anykeeper',
    name: 'other follower gets no entries',
    bed: 'ordinary',
    goal: { gapS: 4, staleS: 4, text: 'stale ≤ 4 s; no freeze' },
    prepare: (bed) => bed.lead(0),
    async run(context) {
      await noEntries(context, 1 + Math.floor(context.random() * 2))
    },
  },
  {
    peer: 'anykeeper',
    name: 'link to etcd held one way 15 s',
    bed: 'ordinary',
    before: '0.1–0.3; its own, after 3–4 s',
    goal: { gapS: 0.5, noneLost: true, text: 'as today: 0.1–0.3; its own' },
    async run(context) {
      const proxy = Math.floor(context.random() * 3)
      const direction = context.random() < 0.5 ? 'up' : 'down'
      context.note(`proxy ${proxy}, ${direction}`)
      for (const link of context.bed.storeLinks[proxy]!) link.pause(direction)
      await sleep(heldMs)
      for (const link of context.bed.storeLinks[proxy]!) link.resume(direction)
      context.healed()
    },
  },
  {
    peer: 'anykeeper',
    name: 'quorum lost 20 s',
    bed: 'ordinary',
    before: '20.5–21.5; all, 0 sessions lost',
    goal: { afterBackS: 1, noneLost: true, text: '≤ 1 after it is back; 0 sessions lost' },
    async run(context) {
      const { bed } = context
      const survivor = Math.floor(context.random() * 3)
      const dead = [0, 1, 2].filter((index) => index !== survivor)
      await Promise.all(dead.map((index) => bed.members[index]!.kill()))
      await sleep(quorumLostMs)
      for (const index of dead) bed.members[index]!.launch()
      await measureBack(context)
    },
  },
  {
    peer: 'anykeeper',
    name: 'all of etcd killed and started',
    bed: 'ordinary',
    before: '2.5–6',
    goal: { afterBackS: 1, noneLost: true, text: '≤ 1 after its election' },
    async run(context) {
      const { members } = context.bed
      await Promise.all(members.map((member) => member.kill()))
      await sleep(2_000)
      for (const member of members) member.launch()
      await measureBack(context)
    },
  },
  {
    peer: 'anykeeper',
    name: 'one etcd only: killed 10 s',
    bed: 'one etcd',
    before: '12.6',
    goal: { afterBackS: 1, noneLost: true, text: '≤ 1 after it answers' },
    async run(context) {
      const [member] = context.bed.members
      await member!.kill()
      await sleep(downMs)
      member!.launch()
      await measureBack(context)
    },
  },
  {
    peer: 'anykeeper',
    name: 'etcd leader moved',
    bed: 'ordinary',
    goal: { gapS: 0.5, noneDisconnected: true, noneLost: true, text: '≤ 0.5; none' },
    async run(context) {
      const { bed } = context
      for (let moves = 0; moves < 3; moves++) {
        await bed.lead(((await bed.leader()) + 1) % 3)
        await sleep(1_500)
      }
      context.healed()
    },
  },
]

/** Proxies that have just been started have a channel at each member: see adapters/etcd/members.ts. */
async function freshUnderOtherLeader(bed: AnykeeperBed): Promise<void> {
  if ((await bed.leader()) === 0) await bed.lead(1)
  await sleep(settledMs)
  await bed.restartProxies()
}

async function freshUnderFirst(bed: AnykeeperBed): Promise<void> {
  await bed.lead(0)
  await sleep(settledMs)
  await bed.restartProxies()
}

function noteConnections({ bed, note }: Context): void {
  note(`connections by member ${bed.storeConnections.join('/')}`)
}

/** Until another member answers a linearizable read: what no client of etcd can be faster than. */
async function noteElection(
  { bed, note }: Context,
  leader: number,
  sinceMs: number,
): Promise<void> {
  const others = [...bed.members.keys()].filter((index) => index !== leader)
  const electedMs = await bed.untilQuorum(others)
  note(`etcd itself answered after ${((electedMs - sinceMs) / 1_000).toFixed(2)} s`)
}

/** An election since the preparation may have made it the leader. */
async function follow({ bed }: Context, index: number): Promise<void> {
  if ((await bed.leader()) === index) await bed.lead((index + 1) % bed.members.length)
}

async function killLeader(context: Context): Promise<void> {
  const leader = await context.bed.leader()
  const member = context.bed.members[leader]!
  context.note(`member ${leader}`)
  noteConnections(context)
  await member.kill()
  const killedMs = performance.now()
  await noteElection(context, leader, killedMs)
  await sleep(downMs - (performance.now() - killedMs))
  member.launch()
  context.healed()
}

async function hang(context: Context, index: number, leads = false): Promise<void> {
  const { bed, healed } = context
  noteConnections(context)
  bed.members[index]!.signal('SIGSTOP')
  const stoppedMs = performance.now()
  if (leads) await noteElection(context, index, stoppedMs)
  await sleep(hungMs - (performance.now() - stoppedMs))
  bed.members[index]!.signal('SIGCONT')
  healed()
}

async function cutOff(context: Context, index: number): Promise<void> {
  const { bed, healed } = context
  noteConnections(context)
  bed.peers.cutOff(index)
  await sleep(heldMs)
  bed.peers.heal()
  healed()
}

async function noEntries(context: Context, index: number): Promise<void> {
  const { bed, healed, note } = context
  await follow(context, index)
  noteConnections(context)
  bed.peers.holdEntries(index)
  await sleep(entriesHeldMs)
  const statuses = await Promise.all(
    bed.members.map(({ api }) => api.status(1_000).catch(() => undefined)),
  )
  const applied = statuses.map((status) => status?.raftAppliedIndex ?? 0)
  note(`it lags ${Math.max(...applied) - applied[index]!} entries`)
  bed.peers.heal()
  healed()
}

/** When any member answers a linearizable read again. */
async function measureBack({ bed, back, healed }: Context): Promise<void> {
  back(await bed.untilQuorum([...bed.members.keys()]))
  healed()
}
