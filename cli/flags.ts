/** What the commands' flags have in common: environment variables, and how their values are read. */
import { InvalidArgumentError, Option } from 'commander'
import type { MetadataStore } from '../lib/index.ts'

export const EXIT_USAGE = 2

/** What was asked for cannot be meant: told as it is, with the exit code of a wrong flag. */
export class UsageError extends Error {}

/** An option that may also be given as `ANYKEEPER_<env>`; the flag wins. */
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
    throw new InvalidArgumentError('expected a whole number above 0.')
  }
  return value
}

export function parsePrefix(text: string): string {
  if (!/^\/[^\0]*[^/\0]$/.test(text)) {
    throw new InvalidArgumentError('expected a path that starts with "/" and does not end with it.')
  }
  return text
}

export const listenFlag = (): Option =>
  flag('--listen <host:port>', 'where clients connect', 'LISTEN')
    .default(parseListen('127.0.0.1:2181'), '127.0.0.1:2181')
    .argParser(parseListen)

export const storeFlag = (): Option =>
  flag(
    '--store <url>',
    'file:<folder>, etcd://host:port[,host:port…], redis://host:port or memory:',
    'STORE',
  )

export const prefixFlag = (): Option =>
  flag('--prefix <path>', 'where everything lies in the store', 'PREFIX')
    .default('/anykeeper')
    .argParser(parsePrefix)

export const maxFrameBytesFlag = (): Option =>
  flag('--max-frame-bytes <n>', 'longest packet taken (jute.maxbuffer)', 'MAX_FRAME_BYTES')
    .default(0xfffff)
    .argParser(parsePositive)

export const logLevelFlag = (): Option =>
  flag('--log-level <level>', 'debug, info, warn, error or silent', 'LOG_LEVEL')
    .default('info')
    .choices(['debug', 'info', 'warn', 'error', 'silent'])

/** A store's URL without a password that may stand in it. */
export function shownUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//…@')
}

/** What an adapter found worth saying when it opened its store, such as a version too old. */
export function warningsOf(store: MetadataStore & { warnings?: readonly string[] }) {
  return store.warnings ?? []
}

/** A host and port as clients write them. */
export function shownAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
