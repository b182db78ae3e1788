/** The scripts as they are called: their hashes on the server, and the errors of their refusals. */
import { createHash } from 'node:crypto'
import { StoreError } from '../../lib/model/errors.ts'
import { REFUSED } from './lua.ts'
import { LUA } from './lua-scripts.ts'

export interface Script {
  readonly source: string
  /** SHA-1 of the source in hex, for EVALSHA. */
  readonly sha: string
}

const script = (source: string): Script => ({
  source,
  sha: createHash('sha1').update(source).digest('hex'),
})

export const SCRIPTS = {
  open: script(LUA.open),
  look: script(LUA.look),
  txn: script(LUA.txn),
  range: script(LUA.range),
  grant: script(LUA.grant),
  renew: script(LUA.renew),
  revoke: script(LUA.revoke),
  sweep: script(LUA.sweep),
  compact: script(LUA.compact),
}

/** A script's reply: numbers and bulk strings. */
export type Reply = readonly (number | Buffer)[]

/** @throws {StoreError} for a refusal: unapplied, as scripts refuse before they write */
export function assertAccepted(reply: Reply, name: string): void {
  if (reply[0] !== 0) throw refusal(reply[0] as number, name)
}

function refusal(code: number, name: string): StoreError {
  switch (code) {
    case REFUSED.absent:
      return lost(`the data named "${name}" is gone from the server (emptied, or another server?)`)
    case REFUSED.replaced:
      return lost(`the data named "${name}" was removed and created again by another process`)
    case REFUSED.replica:
      return new StoreError('STORE_UNAVAILABLE', 'redis: the server is a replica')
    case REFUSED.leaseNotFound:
      return new StoreError('STORE_LEASE_NOT_FOUND', 'redis: no such lease')
    case REFUSED.future:
      return new StoreError('STORE_INVALID', 'redis: the revision is in the future')
    case REFUSED.damaged:
      return lost(`the data named "${name}" is incomplete: keys were evicted or removed`)
    default:
      return new StoreError('STORE_INTERNAL', `redis: a script replied ${code}`)
  }
}

/** What this process knows of the data is no longer valid: the store must be reopened. */
function lost(message: string): StoreError {
  return new StoreError('STORE_INTERNAL', `redis: ${message}`)
}
