/** What an ACL does not permit now it may permit later: the removal of what others may wait for. Neighbours: protected-create, recipes. */
import { backoffMs } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { isZnodeError, ZK_ERRORS } from '../model/errors.ts'
import type { Connectable } from './when-connected.ts'

/** Between two tries of what was refused. Unit ms. */
const AGAIN = { firstMs: 1_000, maxMs: 30_000 }

/**
 * Removes something. Refused with ZK_NO_AUTH it rejects, and `remove` is called again behind its caller, with growing pauses,
 * until it is permitted, fails otherwise, or the client is closed.
 * @throws as `remove`
 */
export async function untilPermitted(
  client: Connectable & { readonly clock: Clock },
  remove: () => Promise<void>,
): Promise<void> {
  try {
    await remove()
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_AUTH)) void again(client, remove)
    throw error
  }
}

/** Never rejects. */
async function again(
  client: Connectable & { readonly clock: Clock },
  remove: () => Promise<void>,
): Promise<void> {
  for (let failures = 1; !client.closing.aborted; failures++) {
    await pause(client.clock, backoffMs(failures, AGAIN), client.closing)
    try {
      return await remove()
    } catch (error) {
      if (!isZnodeError(error, ZK_ERRORS.NO_AUTH)) return
    }
  }
}
