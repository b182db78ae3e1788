/**
 * What gives etcd's space back: compaction, defragmentation of one member after the other, and the end of the alarm.
 * A member answers nothing else while it is defragmented, so the leader comes last, and the next step begins
 * only when all members answer reads. Neighbours: space.ts, etcd-store.ts.
 */
import { StoreError } from '../../lib/model/errors.ts'
import type { ReclaimOptions, ReclaimStep } from '../../lib/store/types.ts'
import { isMemberFailure } from './errors.ts'
import type { Members } from './members.ts'
import { callMember, inUseOf, quotaOf } from './space.ts'
import type { MemberStatus } from './status-codec.ts'

/** Deadline of a look at a member, which is quick or not to be had. Unit: ms. */
const LOOK_MS = 2_000

interface Maintenance extends ReclaimOptions {
  readonly members: Members
  readonly hosts: readonly string[]
  /** Whether a member answers a linearizable read. */
  readonly answers: (index: number) => Promise<boolean>
}

/** @throws {StoreError} */
export async function reclaimSpace(options: Maintenance): Promise<void> {
  const { mayGoOn } = options
  const done = new Set<number>()
  let found = await look(options)
  const isFull = found.some((status) => status.isFull)
  if (isFull && mayGoOn()) found = await compact(options, found)
  for (;;) {
    const index = next(options, found, isFull, done)
    if (index === undefined || !mayGoOn()) break
    done.add(index)
    found = await defragment(options, found, index)
  }
  const isFree = found.every((status) => status.dbSize < options.freeShare * quotaOf(status))
  if (isFull && isFree && mayGoOn()) await disarm(options, found)
}

/** All members of the cluster, and each of them answers. */
async function look({ members, hosts, answers }: Maintenance): Promise<MemberStatus[]> {
  const deadline = Date.now() + LOOK_MS
  const statuses = await Promise.all(
    hosts.map((host, index) =>
      callMember(members, index, (m) => m.callStatus({ deadline })).catch((error: StoreError) => {
        throw isMemberFailure(error) ? unavailable(`${host} does not answer`) : error
      }),
    ),
  )
  const wells = await Promise.all(hosts.map((_, index) => answers(index)))
  const silent = hosts.filter((_, index) => !wells[index])
  if (silent.length > 0) throw unavailable(`${silent.join(', ')} does not answer`)
  if (statuses.some(({ leaderId }) => leaderId === 0n)) throw unavailable('there is no leader')
  const { members: all } = await callMember(members, 0, (m) =>
    m.cluster.memberList({}, { deadline: Date.now() + LOOK_MS }),
  )
  const known = new Set(statuses.map(({ memberId }) => String(memberId)))
  if (all.some(({ ID }) => !known.has(ID))) {
    throw new StoreError(
      'STORE_UNSUPPORTED',
      'etcd: maintenance needs all members of the cluster in the store’s URL',
    )
  }
  return statuses
}

/** What is gone of everybody's keys is free only then, so it is done at the newest revision. */
async function compact(options: Maintenance, found: MemberStatus[]): Promise<MemberStatus[]> {
  const revision = Math.max(...found.map((status) => status.revision))
  try {
    await callMember(options.members, 0, (m) =>
      m.kv.compact({ revision, physical: true }, { deadline: Date.now() + options.timeoutMs }),
    )
  } catch (error) {
    if (error instanceof StoreError && error.code === 'STORE_COMPACTED') return found
    throw error
  }
  return stepped(options, (after) => ['compacted', '', inUse(found), after && inUse(after)])
}

/** The member to be defragmented next; the leader last. */
function next(
  { ratio, share, freeShare }: Maintenance,
  found: readonly MemberStatus[],
  isFull: boolean,
  done: ReadonlySet<number>,
): number | undefined {
  const due = [...found.entries()].filter(([index, status]) => {
    const quota = quotaOf(status)
    if (done.has(index)) return false
    if (isFull) return status.dbSize >= freeShare * quota && inUseOf(status) < freeShare * quota
    return status.dbSize >= share * quota && status.dbSize >= ratio * inUseOf(status)
  })
  const follower = due.find(([, { memberId, leaderId }]) => memberId !== leaderId)
  return (follower ?? due[0])?.[0]
}

async function defragment(
  options: Maintenance,
  found: readonly MemberStatus[],
  index: number,
): Promise<MemberStatus[]> {
  const { members, hosts, timeoutMs } = options
  await callMember(members, index, (m) =>
    m.maintenance.defragment({ deadline: Date.now() + timeoutMs }),
  )
  return stepped(options, (after) => [
    'defragmented',
    hosts[index]!,
    found[index]!.dbSize,
    after?.[index]?.dbSize,
  ])
}

async function disarm(options: Maintenance, found: readonly MemberStatus[]): Promise<void> {
  await callMember(options.members, 0, async (m) => {
    const deadline = Date.now() + options.timeoutMs
    const { alarms } = await m.maintenance.alarm({ action: 'Get', memberID: '0' }, { deadline })
    for (const { memberID, alarm } of alarms) {
      if (alarm.toUpperCase() !== 'NOSPACE') continue
      await m.maintenance.alarm({ action: 'Deactivate', memberID, alarm }, { deadline })
    }
  })
  const used = Math.max(...found.map(({ dbSize }) => dbSize))
  options.onStep({ what: 'disarmed', member: '', beforeBytes: used, afterBytes: used })
}

const inUse = (found: readonly MemberStatus[]): number => Math.max(...found.map(inUseOf))

/** A step was carried out: it is reported, whether or not the members answer now. */
async function stepped(
  options: Maintenance,
  describe: (
    after: MemberStatus[] | undefined,
  ) => [ReclaimStep['what'], string, number, number | undefined],
): Promise<MemberStatus[]> {
  let after: MemberStatus[] | undefined
  try {
    after = await look(options)
    return after
  } finally {
    const [what, member, beforeBytes, afterBytes] = describe(after)
    options.onStep({ what, member, beforeBytes, afterBytes })
  }
}

const unavailable = (why: string): StoreError =>
  new StoreError('STORE_UNAVAILABLE', `etcd: no maintenance while ${why}`)
