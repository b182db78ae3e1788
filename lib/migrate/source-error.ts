/** Why a ZooKeeper ensemble cannot be followed. Neighbours: source-feed, which throws it; discovery, checks. */
import { KeeperError } from '../model/errors.ts'

/**
 * SOURCE_UNSUPPORTED: a version, an epoch or a protocol that is not followed. SOURCE_REFUSED: credentials that are
 * missing or wrong. SOURCE_UNANSWERED: a member closed without an answer, as one does that leads no more, or wants
 * credentials. SOURCE_UNREACHABLE: no member answers, or none leads. SOURCE_MALFORMED: what answers is no
 * ZooKeeper, or its bytes are damaged. SOURCE_SILENT: it has stopped answering. SOURCE_SLOW: the consumer does not
 * keep up.
 */
export type SourceErrorCode =
  | 'SOURCE_UNSUPPORTED'
  | 'SOURCE_REFUSED'
  | 'SOURCE_UNANSWERED'
  | 'SOURCE_UNREACHABLE'
  | 'SOURCE_MALFORMED'
  | 'SOURCE_SILENT'
  | 'SOURCE_SLOW'

/** The message is a sentence without full stop. */
export class SourceError extends KeeperError {
  override readonly name = 'SourceError'
  /** What to match on. */
  readonly code: SourceErrorCode

  constructor(code: SourceErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
  }
}
