/** The proxy's public names. */
export { WORDS as FOUR_LETTER_WORDS, WORDS_OFF } from './admin/four-letter-words.ts'
export type { CompareOptions } from './compare/host.ts'
export type { CompareCounts, CompareReport } from './compare/report.ts'
export { COMPARE_DEFAULT, CompareServer } from './compare/server.ts'
export type { Endpoint } from './compare/upstream.ts'
export type { MemoryFacts, ProxyOptions, Reconfigurable } from './host.ts'
export { parseSaslUsers } from './sasl/users.ts'
export { PROXY_DEFAULT, ProxyServer } from './server.ts'
export {
  type ClientAuthMode,
  SECURE_DEFAULT,
  type SecureOptions,
  TlsError,
  type TlsFiles,
  type TlsVersion,
} from './tls/options.ts'
export { checkSecureOptions } from './tls/secure-context.ts'
export { ZOOKEEPER_VERSION } from './version.ts'
