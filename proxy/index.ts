/** The proxy's public names. */
export { READ_ONLY_WORDS, WORDS as FOUR_LETTER_WORDS } from './admin/four-letter-words.ts'
export type { ProxyOptions } from './host.ts'
export { parseSaslUsers } from './sasl/users.ts'
export { PROXY_DEFAULT, ProxyServer } from './server.ts'
export { Latency, ServerStats } from './stats.ts'
