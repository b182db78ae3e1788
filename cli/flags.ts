/** Flags that several commands share, their environment variables, and the parsing of values. */
import { InvalidArgumentError, Option } from 'commander'
import type { MetadataStore } from '../lib/index.ts'

export const EXIT_USAGE = 2

/** The flags are valid but make no sense together or here: reported with the exit code of a bad flag. */
export class UsageError extends Error {}

/** An option that `ANYKEEPER_<env>` may set, too; the flag wins. */
export const flag = (flags: string, description: string, env: string): Option =>
  new Option(flags, description).env(`ANYKEEPER_${env}`)

export function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT, e.g. 127.0.0.1:2181 or [::1]:2181.')
  }
  return { host: match[1] ?? match[2] ?? '', port }
}

export function parsePositive(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > 0x7fffffff) {
    throw new InvalidArgumentError('expected a whole number above 0, without a unit.')
  }
  return value
}

export function parsePrefix(text: string): string {
  if (!/^\/[^\0]*[^/\0]$/.test(text)) {
    throw new InvalidArgumentError(
      'expected a path that starts with "/" and does not end with it, e.g. /anykeeper.',
    )
  }
  return text
}

export const listenFlag = (): Option =>
  flag('--listen <host:port>', 'accept clients on this address', 'LISTEN')
    .default(parseListen('127.0.0.1:2181'), '127.0.0.1:2181')
    .argParser(parseListen)

const SHARED_STORES = 'etcd://host:port[,host:port…], redis://host:port'

/** For `serve`. */
export const storeFlag = (): Option =>
  flag('--store <url>', `keep the tree here: file:<folder>, ${SHARED_STORES} or memory:`, 'STORE')

/** For a command whose tree must outlive it. */
export const lastingStoreFlag = (verb: string): Option =>
  flag('--store <url>', `${verb}: file:<folder>, ${SHARED_STORES}`, 'STORE').makeOptionMandatory()

export const prefixFlag = (): Option =>
  flag('--prefix <path>', 'key prefix of the tree in the store', 'PREFIX')
    .default('/anykeeper')
    .argParser(parsePrefix)

export const maxFrameBytesFlag = (): Option =>
  flag(
    '--max-frame-bytes <n>',
    'accept requests up to this many bytes (jute.maxbuffer)',
    'MAX_FRAME_BYTES',
  )
    .default(0xfffff)
    .argParser(parsePositive)

export const logLevelFlag = (): Option =>
  flag('--log-level <level>', 'log lines of this level and above', 'LOG_LEVEL')
    .default('info')
    .choices(['debug', 'info', 'warn', 'error', 'silent'])

/** A server's URL as it must be, with what is before the @ left out. */
const HOST = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?`
const SERVER_URL = new RegExp(String.raw`^\w+:\/\/(?:…@)?${HOST}(?:,${HOST})*(?:[/?].*)?$`, 's')

/** A store's URL without user and password, nor what may be one of them in a URL that is malformed. */
export function shownUrl(url: string): string {
  if (/^(?:file|memory):/.test(url)) return url
  const shown = url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@')
  const scheme = /^(?:etcd|redis)s?:\/\//i.exec(url)?.[0]
  return scheme === undefined || SERVER_URL.test(shown) ? shown : `${scheme}…`
}

/** Warnings of an adapter when it opened its store, such as of a server that is too old. */
export function warningsOf(store: MetadataStore & { warnings?: readonly string[] }) {
  return store.warnings ?? []
}

/** Host and port as in a connect string. */
export function shownAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
