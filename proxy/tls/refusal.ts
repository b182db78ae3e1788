/** Why a TLS handshake failed, in words for whoever reads the log. Neighbours: secure-door, admin/http/admin-tls. */

const CODES: Record<string, string> = {
  ECONNRESET: 'the client closed the connection in the middle of the handshake',
  EPIPE: 'the client closed the connection in the middle of the handshake',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the client offers no version of TLS that is served here',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION:
    'the client takes none of the versions of TLS that are served here',
  ERR_SSL_VERSION_TOO_LOW: 'the client offers no version of TLS that is served here',
  ERR_SSL_NO_SHARED_CIPHER: 'client and server have no cipher suite in common',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM:
    'the client cannot verify signatures of this server’s kind of key',
  ERR_SSL_HTTP_REQUEST: 'what the client sends is not TLS, but plain HTTP',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'the client shows no certificate, and one is required',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what the client sends is not TLS',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'the client does not trust the authority of the server’s certificate',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'the client refuses the server’s certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'the client refuses the server’s certificate',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'the client finds the server’s certificate expired',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    'the client cannot use the server’s kind of certificate',
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: 'the client could not verify the handshake',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the client ended the handshake: nothing in common with this server',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the handshake took too long',
}

const VERIFICATION: Record<string, string> = {
  CERT_HAS_EXPIRED: 'the client’s certificate, or one of its chain, has expired',
  CERT_NOT_YET_VALID: 'the client’s certificate, or one of its chain, is not valid yet',
  CERT_REVOKED: 'the client’s certificate is revoked',
  UNABLE_TO_GET_CRL: 'there is no revocation list of the authority of the client’s certificate',
  CRL_HAS_EXPIRED: 'the revocation list of the client’s authority is out of date',
  CRL_NOT_YET_VALID: 'the revocation list of the client’s authority is not valid yet',
  CRL_SIGNATURE_FAILURE: 'the revocation list of the client’s authority has a wrong signature',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the client’s certificate is self-signed and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'the client’s certificate is of an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the client’s certificate is of an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the client’s certificate is of an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the client’s certificate is of an authority that is not trusted',
  INVALID_PURPOSE: 'the client’s certificate is not for clients (extended key usage)',
  CERT_SIGNATURE_FAILURE: 'the client’s certificate has a wrong signature',
}

/** Of an error of the socket or of OpenSSL. */
export function handshakeReason(error: unknown): string {
  const {
    code = '',
    reason,
    message,
  } = error as { code?: string; reason?: string; message?: string }
  return CODES[code] ?? reason ?? message ?? String(error)
}

/** Of a certificate that was not verified. */
export function verificationReason(code: string): string {
  return VERIFICATION[code] ?? `the client’s certificate is not trusted: ${code}`
}
