/** Detects an etcd server's version and limits when the store opens. Neighbour: etcd-store.ts. */
import { CompareResult, CompareTarget, type IRequestOp } from 'etcd3'
import { isForbidden, toStoreError } from './errors.ts'
import type { Members } from './members.ts'

/** Tried from the largest: etcd has no call that reports `--max-txn-ops`. Its default is 128. */
const TXN_OPS_TRIED = [16_384, 8_192, 4_096, 2_048, 1_024, 512, 256, 128, 64, 32, 16, 8]

/** A key that does not exist. Compared with version -1, which no key has. */
export const PROBE_KEY = Buffer.from('\0anykeeper probe')

export interface ServerVersion {
  readonly text: string
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** "3.5.23" and "3.6.0-rc.1" alike. undefined: no version. */
export function parseVersion(text: string): ServerVersion | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(text)
  if (match === null) return undefined
  return { text, major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) }
}

/** The member's version; undefined where the user may not query it. */
export async function probeVersion(
  members: Members,
  timeoutMs: number,
): Promise<ServerVersion | undefined> {
  try {
    const deadline = Date.now() + timeoutMs
    return parseVersion((await members.call((m) => m.maintenance.status({ deadline }))).version)
  } catch (cause) {
    const error = toStoreError(cause)
    if (isForbidden(error)) return undefined
    throw error
  }
}

/**
 * The largest power of two of ops that the server accepts in one txn. Nothing can be written: the
 * ops are reads, and their compare never holds. etcd counts ops before all else, so any answer but
 * "too many" means that the count is allowed.
 */
export async function probeTxnOpsMax(members: Members, timeoutMs: number): Promise<number> {
  const read: IRequestOp = { request_range: { key: PROBE_KEY, keys_only: true, limit: 1 } }
  const compare = [
    {
      target: CompareTarget.Version,
      result: CompareResult.Equal,
      key: PROBE_KEY,
      version: -1,
    },
  ]
  for (const count of TXN_OPS_TRIED) {
    const success = new Array<IRequestOp>(count).fill(read)
    const refusal = await members
      .call((m) => m.kv.txn({ compare, success }, { deadline: Date.now() + timeoutMs }))
      .then(() => undefined, toStoreError)
    if (refusal === undefined || isForbidden(refusal)) return count
    if (refusal.code !== 'STORE_TOO_LARGE') throw refusal
  }
  return 1
}

/**
 * Is the answer to a manual progress request sent after the events before it? Before 3.4.25 and
 * 3.5.8 it overtakes events and proves only that the watch is alive. Source: etcd-io/etcd#15220.
 */
export function answersProgressInOrder(version: ServerVersion | undefined): boolean {
  return version !== undefined && isAtLeast(version, { 4: 25, 5: 8 })
}

/** Sentences for the caller's log; empty when all is well. */
export function versionWarnings(version: ServerVersion | undefined): string[] {
  if (version === undefined)
    return ['etcd: the server does not report its version; 3.5.23 or 3.6.5 is the minimum']
  if (!isAtLeast(version, { 5: 23, 6: 5 })) {
    return [
      `etcd ${version.text} has known faults that lose watch events or renew revoked leases ` +
        '(fixed in 3.5.23 and 3.6.5): upgrade before production use',
    ]
  }
  if (!isAtLeast(version, { 5: 33, 6: 14, 7: 1 })) {
    return [
      `etcd ${version.text} has a security advisory for watches (fixed in 3.5.33, 3.6.14 and 3.7.1)`,
    ]
  }
  return []
}

/**
 * `floors`: minor of 3.x → lowest patch. Minors below those listed fail, minors above them pass.
 */
function isAtLeast(version: ServerVersion, floors: Readonly<Record<number, number>>): boolean {
  if (version.major !== 3) return version.major > 3
  const floor = floors[version.minor]
  if (floor !== undefined) return version.patch >= floor
  return version.minor > Math.max(...Object.keys(floors).map(Number))
}
