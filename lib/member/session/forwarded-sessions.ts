/**
 * Sessions while a ZooKeeper ensemble leads: its leader opens, keeps and ends them, and this member speaks for those that are
 * connected here; and how they become this member's at a take-over. Neighbour: session-manager.
 */
import type { SessionRecord } from '../../format/record.ts'
import type { Upstream } from '../commit/upstream.ts'
import type { Planned } from '../plan/planned.ts'
import type { MoveSession } from '../plan/session.ts'
import type { OwnedSession } from './owned-session.ts'
import { samePassword } from './password.ts'
import { zookeeperPasswordDigest } from './zookeeper-password.ts'

/** Its id, once the replica has it; undefined: the member opens it by itself. @throws {StoreError} */
export async function openForwarded(
  upstream: Upstream | undefined,
  timeoutMs: number,
): Promise<bigint | undefined> {
  return upstream?.isActive === true ? upstream.open(timeoutMs) : undefined
}

/**
 * Does it live, and is that its password? It may be so new that the replica does not have it, but its password is computed
 * from its id. undefined: the member judges that by itself. @throws {StoreError}
 */
export async function resumeForwarded(
  upstream: Upstream | undefined,
  id: bigint,
  password: Uint8Array,
  timeoutMs: number,
): Promise<boolean | undefined> {
  if (upstream?.isActive !== true) return undefined
  if (!samePassword(zookeeperPasswordDigest(id), password)) return false
  return upstream.revalidate(id, timeoutMs)
}

/**
 * While the leader judges silence: it is to know of clients that show that they are there, though nothing of theirs is read. A
 * connection over which nothing came for the session's timeout ends: if the session lives, then by another one, elsewhere.
 */
export function attend(
  all: Map<bigint, OwnedSession>,
  nowMs: number,
  upstream: Upstream | undefined,
): void {
  for (const [id, owned] of all) {
    const { connection, timeoutMs } = owned
    if (connection?.hasProgress === true) {
      owned.lastSeenMs = nowMs
      upstream?.touched(id, timeoutMs)
    } else if (nowMs - owned.lastSeenMs >= timeoutMs) {
      all.delete(id)
      connection?.end('moved')
    }
  }
}

/** Of {@link claimSessions}. */
export interface ClaimOptions {
  readonly owned: Map<bigint, OwnedSession>
  readonly sessions: ReadonlyMap<bigint, SessionRecord>
  readonly proxy: string
  /** Rejects: it is not known whether it was committed. */
  readonly commit: (request: MoveSession, done: (planned: Planned) => void) => Promise<void>
}

/** Those that are connected become the member's, and stay connected. Resolves when all are, or have ended. */
export async function claimSessions(options: ClaimOptions): Promise<void> {
  const { owned: all, sessions, proxy, commit } = options
  const claims = [...all].map(async ([id, owned]) => {
    const record = sessions.get(id)
    const lose = (): void => {
      all.delete(id)
      owned.connection?.end('suspended')
    }
    if (record === undefined || owned.connection === undefined) return lose()
    owned.isClaimed = true
    const { passwordDigest, owner, fence } = record
    // Its client may be at another member already, if this one was paused.
    const from = { owner, fence }
    const request = { type: 'moveSession', id, passwordDigest, from } as const
    await commit({ ...request, owner: proxy }, (planned) => {
      if (typeof planned === 'number') lose()
    }).catch(lose)
  })
  await Promise.all(claims)
}
