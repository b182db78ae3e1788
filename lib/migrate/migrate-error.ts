/** Why a migration does not continue. Neighbours: mirror, take-over, the commands. */
import { KeeperError } from '../model/errors.ts'

/**
 * MIGRATE_NOT_FOLLOWING: the tree follows no ensemble, or nobody has begun. MIGRATE_OTHER_SOURCE: it follows another one.
 * MIGRATE_DIFFERS: it is not the tree that the ensemble has. MIGRATE_SOURCE_ANSWERS: the ensemble still runs.
 * MIGRATE_NOT_DRAINED: what was received is not in the tree yet. MIGRATE_BUSY: another process follows.
 * MIGRATE_TAIL: the logs do not continue the tree. MIGRATE_TOO_LARGE: the store does not take a transaction, or not all of them.
 * MIGRATE_EPOCH: the epoch of the ensemble is too high. MIGRATE_TIMEOUT: something took too long, and nothing was changed but what
 * the message says. MIGRATE_UNKNOWN: something took too long, and may have been done.
 */
export type MigrateErrorCode =
  | 'MIGRATE_NOT_FOLLOWING'
  | 'MIGRATE_OTHER_SOURCE'
  | 'MIGRATE_DIFFERS'
  | 'MIGRATE_SOURCE_ANSWERS'
  | 'MIGRATE_NOT_DRAINED'
  | 'MIGRATE_BUSY'
  | 'MIGRATE_TAIL'
  | 'MIGRATE_TOO_LARGE'
  | 'MIGRATE_EPOCH'
  | 'MIGRATE_TIMEOUT'
  | 'MIGRATE_UNKNOWN'

/** The message is a sentence without full stop. */
export class MigrateError extends KeeperError {
  override readonly name = 'MigrateError'
  /** What to match on. */
  readonly code: MigrateErrorCode

  constructor(code: MigrateErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
