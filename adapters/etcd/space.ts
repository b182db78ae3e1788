/** How much of its quota etcd has left, of the fullest member. Neighbours: maintenance.ts, status-codec.ts. */
import type { StoreSpace } from '../../lib/store/types.ts'
import { toStoreError } from './errors.ts'
import type { Member } from './member.ts'
import type { Members } from './members.ts'
import type { MemberStatus } from './status-codec.ts'

/** etcd's default of `--quota-backend-bytes`: before 3.6 it does not report what it has. */
const QUOTA_BYTES_DEFAULT = 2 * 2 ** 30

export const quotaOf = ({ dbSizeQuota }: MemberStatus): number => dbSizeQuota || QUOTA_BYTES_DEFAULT
export const inUseOf = ({ dbSize, dbSizeInUse }: MemberStatus): number => dbSizeInUse || dbSize

/** A call to this very member, whatever is thought of it. @throws {StoreError} */
export async function callMember<T>(
  members: Members,
  index: number,
  run: (member: Member) => Promise<T>,
): Promise<T> {
  try {
    return await run(members.at(index))
  } catch (error) {
    throw toStoreError(error)
  }
}

/** @throws {StoreError} what the last member failed with, when none answers */
export async function readSpace(
  members: Members,
  hosts: readonly string[],
  timeoutMs: number,
): Promise<StoreSpace> {
  const deadline = Date.now() + timeoutMs
  const answers = await Promise.allSettled(
    hosts.map((_, index) => callMember(members, index, (m) => m.callStatus({ deadline }))),
  )
  let fullest: MemberStatus | undefined
  let isFull = false
  let failure: unknown
  for (const answer of answers) {
    if (answer.status === 'rejected') {
      failure = answer.reason
      continue
    }
    isFull ||= answer.value.isFull
    if (fullest === undefined || fullest.dbSize < answer.value.dbSize) fullest = answer.value
  }
  if (fullest === undefined) throw failure
  return {
    usedBytes: fullest.dbSize,
    inUseBytes: inUseOf(fullest),
    maxBytes: quotaOf(fullest),
    isFull,
    hasHistory: true,
    remedy: remedyFor(hosts),
  }
}

/**
 * In the order in which they are to be run, for a shell. What is deleted is free once the revision behind it is compacted, which
 * is not known yet.
 */
function remedyFor(hosts: readonly string[]): string {
  const all = `--endpoints=${hosts.join(',')}`
  const revision = `$(etcdctl ${all} endpoint status -w fields | awk '/"Revision"/ {print $3}' | sort -n | tail -1)`
  const defragment = hosts.map((host) => `etcdctl --endpoints=${host} defrag`).join('; ')
  return (
    `delete what is not needed, then run: etcdctl ${all} compact --physical ${revision}; ` +
    `${defragment}; etcdctl ${all} alarm disarm`
  )
}
