/** What a command ends with, for scripts. The same numbers everywhere; docs/command-line.md has them. */
import { CommanderError } from 'commander'
import { isKeeperError, StoreError, ZnodeError } from '../../lib/index.ts'
import { EXIT_USAGE, UsageError } from '../flags.ts'

export const EXIT = {
  ok: 0,
  error: 1,
  usage: EXIT_USAGE,
  noZnode: 3,
  noRights: 4,
  noServer: 5,
  conflict: 6,
  unknown: 7,
  found: 8,
} as const

export const EXIT_CODES = `Exit codes:
  0  done
  1  another error, or the reader of the output has ended
  2  bad usage
  3  there is no such znode
  4  not permitted: the ACL, or an identity that was refused
  5  no server, no store, or no answer in time; nothing was changed
  6  not as expected: the version, a znode that exists already, or has children
  7  the connection was lost: the write may have been applied, or not`

/** An error with an exit code of its own. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(exitCode: number, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}

/** Exit codes of errors by their `code`; of one that is not here: 1. */
export const BY_CODE: Readonly<Record<string, number>> = {
  ZK_NO_NODE: EXIT.noZnode,
  ZK_NO_AUTH: EXIT.noRights,
  ZK_AUTH_FAILED: EXIT.noRights,
  ZK_SESSION_CLOSED_REQUIRE_SASL_AUTH: EXIT.noRights,
  ZK_CONNECTION_LOSS: EXIT.noServer,
  ZK_OPERATION_TIMEOUT: EXIT.noServer,
  ZK_SESSION_EXPIRED: EXIT.noServer,
  ZK_BAD_VERSION: EXIT.conflict,
  ZK_NODE_EXISTS: EXIT.conflict,
  ZK_NOT_EMPTY: EXIT.conflict,
  ZK_BAD_ARGUMENTS: EXIT.usage,
  ZK_INVALID_ACL: EXIT.usage,
  STORE_INVALID: EXIT.usage,
  STORE_UNAVAILABLE: EXIT.noServer,
  STORE_TIMEOUT: EXIT.noServer,
  STORE_UNAUTHENTICATED: EXIT.noRights,
  COPY_NOT_EMPTY: EXIT.conflict,
  COPY_CONFLICT: EXIT.conflict,
  SOURCE_UNREACHABLE: EXIT.noServer,
  SOURCE_UNANSWERED: EXIT.noServer,
  SOURCE_SILENT: EXIT.noServer,
  SOURCE_SLOW: EXIT.noServer,
  SOURCE_REFUSED: EXIT.noRights,
  SOURCE_UNSUPPORTED: EXIT.conflict,
  MIGRATE_NOT_FOLLOWING: EXIT.conflict,
  MIGRATE_OTHER_SOURCE: EXIT.conflict,
  MIGRATE_SOURCE_ANSWERS: EXIT.conflict,
  MIGRATE_NOT_DRAINED: EXIT.conflict,
  MIGRATE_BUSY: EXIT.conflict,
  MIGRATE_TAIL: EXIT.conflict,
  MIGRATE_TOO_LARGE: EXIT.conflict,
  MIGRATE_EPOCH: EXIT.conflict,
  MIGRATE_DIFFERS: EXIT.found,
  MIGRATE_TIMEOUT: EXIT.noServer,
  MIGRATE_UNKNOWN: EXIT.unknown,
}

/** `isWrite`: could the command have changed anything? */
export function exitCodeOf(error: unknown, isWrite: boolean): number {
  if (error instanceof CommandError) return error.exitCode
  if (error instanceof UsageError || error instanceof CommanderError) return EXIT.usage
  if (!isKeeperError(error)) return EXIT.error
  const isUnknown =
    (error instanceof ZnodeError || error instanceof StoreError) && error.outcome === 'unknown'
  if (isWrite && isUnknown) return EXIT.unknown
  return BY_CODE[error.code] ?? EXIT.error
}

/** The reader of the output closed the pipe, as head does: no sentence. */
export function isReaderGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE'
}
