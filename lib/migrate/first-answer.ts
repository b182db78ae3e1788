/** What the first bytes of a server say, or that there are none. Neighbours: learner, quorum-auth. */
import type { ByteSource } from '../transfer/zookeeper/byte-source.ts'
import { SourceError } from './source-error.ts'

/** What is left unread of our bytes makes the other side’s close a reset. */
export async function isAnswered(source: ByteSource): Promise<boolean> {
  try {
    return (await source.have(1)) > 0
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ECONNRESET') return false
    throw error
  }
}

/** A leader that wants credentials closes without a word. */
export function unanswered(): SourceError {
  return new SourceError(
    'SOURCE_UNANSWERED',
    'it closed the connection without an answer: either it leads no more, or it wants credentials: ' +
      'SASL (quorum.auth.enableSasl) or TLS (sslQuorum)',
  )
}

/** An alert: content type 21, version 3.x. @throws {SourceError} SOURCE_REFUSED */
export function refuseTls(bytes: Buffer): void {
  if (bytes[0] !== 0x15 || (bytes.length > 1 && bytes[1] !== 3)) return
  throw new SourceError(
    'SOURCE_REFUSED',
    'its quorum port speaks TLS (sslQuorum): it needs a certificate of an authority that the ensemble trusts',
  )
}
