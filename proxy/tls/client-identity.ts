/** Who a client is by its certificate: the ids of the x509 scheme. Neighbours: secure-door, subject-name. */
import type { X509Certificate } from 'node:crypto'
import { type AuthId, SUPER_ID } from '../../lib/internal.ts'
import { subjectName } from './subject-name.ts'

/**
 * Source: X509AuthenticationProvider.handleAuthentication.
 * @throws {RangeError} the certificate's subject cannot be read
 */
export function identityOf(certificate: X509Certificate, superUser: string | undefined): AuthId[] {
  const id = subjectName(certificate.raw)
  const own: AuthId = { scheme: 'x509', id }
  return id === superUser ? [SUPER_ID, own] : [own]
}
