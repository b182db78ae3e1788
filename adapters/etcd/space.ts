/** How much of its quota etcd has left, of the fullest member. Neighbours: etcd-store.ts, status-codec.ts. */
import type { StoreSpace } from '../../lib/store/types.ts'
import type { MemberStatus } from './status-codec.ts'

/** etcd's default of `--quota-backend-bytes`: before 3.6 it does not report what it has. */
const QUOTA_BYTES_DEFAULT = 2 * 2 ** 30
const REMEDY =
  'delete what is not needed, etcdctl compact <revision>, then for each member etcdctl defrag --endpoints=<member>, ' +
  'and when all are done etcdctl alarm disarm'

/** @throws {unknown} what the last member failed with, when none answers */
export async function readSpace(
  indexes: readonly number[],
  read: (index: number) => Promise<MemberStatus>,
): Promise<StoreSpace> {
  const answers = await Promise.allSettled(indexes.map((index) => read(index)))
  let fullest: StoreSpace | undefined
  let isFull = false
  let failure: unknown
  for (const answer of answers) {
    if (answer.status === 'rejected') {
      failure = answer.reason
      continue
    }
    const { dbSize, dbSizeInUse, dbSizeQuota } = answer.value
    isFull ||= answer.value.isFull
    if (fullest !== undefined && fullest.usedBytes >= dbSize) continue
    fullest = {
      usedBytes: dbSize,
      inUseBytes: dbSizeInUse || dbSize,
      maxBytes: dbSizeQuota || QUOTA_BYTES_DEFAULT,
      isFull,
      hasHistory: true,
      remedy: REMEDY,
    }
  }
  if (fullest === undefined) throw failure
  return { ...fullest, isFull }
}
