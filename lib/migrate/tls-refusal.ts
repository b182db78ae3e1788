/** What a failed handshake of TLS between servers means, as a sentence. Neighbour: learner-connection. */
import { reasonOf } from '../base/reason-of.ts'

/** Node’s codes of what cannot be repaired by a retry. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [
    /CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED/,
    'it refuses our certificate, or the lack of one: it must come from an authority that the ensemble trusts, and name ' +
      'our address where ssl.quorum.hostnameVerification is on',
  ],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE/,
    'what answers there speaks no TLS, or none of a version that is accepted',
  ],
  [/ALTNAME_INVALID/, 'its certificate names another host'],
  [
    /UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_|NOT_YET_VALID|ISSUER/,
    'its certificate is not of an authority that was given, or not valid now',
  ],
]

/** undefined: it was something else. */
export function tlsRefusal(error: unknown): string | undefined {
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return undefined
  const found = SENTENCES.find(([pattern]) => pattern.test(code))
  return found === undefined ? undefined : `${found[1]} (${reasonOf(error)})`
}
