/**
 * A claim on an element of a queue, an ephemeral: made if the element is there, found again after an unknown outcome, and
 * ended with the element or without. Neighbours: locking-queue, queue-entries.
 */
import { pause } from '../../base/pause.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { createOp } from '../operations.ts'
import { untilPermitted } from '../until-permitted.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { LOST_AGAIN_MS, REFUSED_AGAIN_MS } from './live-loop.ts'
import { isAbout } from './own-znode.ts'
import { unbounded } from './unbounded.ts'
import { WaitScope } from './wait-scope.ts'

export interface Claim {
  readonly client: ZooKeeper
  /** Path of the element. */
  readonly entry: string
  /** Path of the ephemeral. */
  readonly claim: string
  /** The data of the ephemeral: no other has them. */
  readonly id: string
}

/**
 * Claims the element. Resolves with the czxid of the ephemeral; 'taken': another consumer has it, 'gone': it is not there,
 * 'no-folder': the parent of claims is missing. @throws as the scope; {ZnodeError} ZK_NO_AUTH and others
 */
export async function makeClaim(
  { client, entry, claim, id }: Claim,
  scope: WaitScope,
): Promise<number | 'taken' | 'gone' | 'no-folder'> {
  const create = createOp(claim, Buffer.from(id), { mode: 'ephemeral' })
  for (;;) {
    scope.throwIfEnded()
    try {
      const results = await client.multi([{ type: 'check', path: entry, version: -1 }, create])
      const made = results.find((result) => result.type === 'create2')
      // ZooKeeper before 3.9 sends no Stat. Deleted again meanwhile, it is nobody's.
      return made?.stat.czxid ?? (await ownClaim({ client, entry, claim, id }, scope)) ?? 'taken'
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE))
        return isAbout(error, entry) ? 'gone' : 'no-folder'
      if (isZnodeError(error, ZK_ERRORS.NODE_EXISTS)) {
        // After an unknown outcome it may be this one's.
        return (await ownClaim({ client, entry, claim, id }, scope)) ?? 'taken'
      }
      if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
    }
    await scope.race(whenConnected(client))
  }
}

/** Its czxid; undefined: it is another's, or is gone. */
async function ownClaim(
  { client, claim, id }: Claim,
  scope?: WaitScope,
): Promise<number | undefined> {
  for (;;) {
    try {
      const { data, stat } = await client.getData(claim)
      return Buffer.from(data ?? []).toString() === id ? stat.czxid : undefined
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return undefined
      if (scope === undefined || !isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
      await scope.race(whenConnected(client))
    }
  }
}

/**
 * Deletes the claim, if it is this one's, however often the connection is lost meanwhile.
 * @throws {ZnodeError} ZK_NO_AUTH: the ACL of the parent does not permit it; it is deleted when that does
 */
export function endClaim(own: Claim): Promise<void> {
  const client = unbounded(own.client)
  const { sessionId } = client
  return untilPermitted(client, () => removeClaim({ ...own, client }, sessionId))
}

/** `sessionId`: its owner. */
async function removeClaim(own: Claim, sessionId: bigint): Promise<void> {
  const { client } = own
  while ((await whenConnected(client)) && client.sessionId === sessionId) {
    try {
      const isThere = (await ownClaim(own)) !== undefined
      if (isThere) await client.delete(own.claim)
      return
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return
      // By the local clock, it may come back, with the claim.
      const isLost =
        isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS) ||
        isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)
      if (!isLost && !(error instanceof ZnodeError && error.retriable)) throw error
      await pause(client.clock, isLost ? LOST_AGAIN_MS : REFUSED_AGAIN_MS)
    }
  }
}

/**
 * Deletes the element and the claim in one transaction. A claim keeps others from the element, so after an unknown outcome an
 * element that is gone was consumed by this transaction, and one that is there was not.
 * @throws {ZnodeError} ZK_NO_NODE: the claim, or the element, was deleted by another client; ZK_SESSION_EXPIRED: the claim
 * went with the session, and `outcome` says whether the element may be consumed; ZK_NO_AUTH
 */
export async function consumeClaimed(own: Claim): Promise<void> {
  const { client, entry, claim } = own
  const scope = new WaitScope(client, entry, {})
  let isUnknown = false
  let isClear = false
  try {
    for (;;) {
      scope.throwIfEnded()
      try {
        if (isUnknown && (await scope.race(client.exists(entry))) === undefined) break
        if ((await scope.race(ownClaim(own))) === undefined) {
          throw new ZnodeError(ZK_ERRORS.NO_NODE.errno, claim)
        }
        isUnknown = true
        await scope.race(
          client.multi([
            { type: 'delete', path: entry, version: -1 },
            { type: 'delete', path: claim, version: -1 },
          ]),
        )
        isClear = true
        break
      } catch (error) {
        scope.throwIfEnded()
        if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
        await scope.race(whenConnected(client))
      }
    }
  } catch (error) {
    const isOver = isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)
    if (isOver && isUnknown) {
      const { errno } = ZK_ERRORS.SESSION_EXPIRED
      throw new ZnodeError(errno, entry, { outcome: 'unknown', cause: error })
    }
    throw error
  } finally {
    scope.close()
    // What is left of it keeps others from the element.
    if (!isClear) void endClaim(own).catch(() => {})
  }
}

/** The paths of a claim. */
export function claimOn(
  client: ZooKeeper,
  entries: string,
  taken: string,
  name: string,
  id: string,
): Claim {
  return { client, entry: childOf(entries, name), claim: childOf(taken, name), id }
}
