/** Flags that several commands share, their environment variables, and the parsing of values. */
import { Option } from 'commander'
import type { MetadataStore } from '../lib/index.ts'
import { parseListen, parsePositive, parsePrefix } from './settings/parse.ts'

export const EXIT_USAGE = 2

/** The flags are valid but make no sense together or here: reported with the exit code of a bad flag. */
export class UsageError extends Error {}

/** An option that `ANYKEEPER_<env>` may set, too; the flag wins. */
export const flag = (flags: string, description: string, env: string): Option =>
  new Option(flags, description).env(`ANYKEEPER_${env}`)

export const listenFlag = (): Option =>
  flag('--listen <host:port>', 'accept clients on this address', 'LISTEN')
    .default(parseListen('127.0.0.1:2181'), '127.0.0.1:2181')
    .argParser(parseListen)

const SHARED_STORES = 'etcd://host:port[,host:port…], redis://host:port'

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

/** Warnings of an adapter when it opened its store, such as of a server that is too old. */
export function warningsOf(store: MetadataStore & { warnings?: readonly string[] }) {
  return store.warnings ?? []
}
