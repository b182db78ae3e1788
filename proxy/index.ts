/** The proxy's public names. */
export { READ_ONLY_WORDS } from './admin/four-letter-words.ts'
export { PROXY_DEFAULT, type ProxyOptions, ProxyServer } from './server.ts'
export { Latency, ServerStats } from './stats.ts'
