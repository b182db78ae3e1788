/** Flags that several commands share, their environment variables, and the parsing of values. */
import { type Command, Option } from 'commander'
import type { MetadataStore } from '../lib/index.ts'
import { reasonOf, STORE_MS_DEFAULT } from '../lib/internal.ts'
import { parseListen, parsePositive, parsePrefix } from './settings/parse.ts'
import { readSecret } from './settings/read-file.ts'

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

/**
 * `--store` and `--store-file` of a command whose tree must outlive it: a URL with a password is better read from a file. Flags win over
 * variables. The action finds the URL as `store`, wherever it came from.
 */
export function withStoreFlags(command: Command, verb: string): Command {
  return command
    .addOption(flag('--store <url>', `${verb}: file:<folder>, ${SHARED_STORES}`, 'STORE'))
    .addOption(flag('--store-file <file>', 'take the URL of --store from this file', 'STORE_FILE'))
    .hook('preAction', (called) => {
      const store = storeOf(called)
      checkNoServer(store)
      called.setOptionValue('store', store)
    })
}

/** @throws {UsageError} it is the URL of a server */
export function checkNoServer(url: string): void {
  if (!/^zks?:/.test(url)) return
  throw new UsageError(
    '--store names a store, and this is a server: name the store that it serves, such as etcd://host:port; ' +
      'to take a tree from Apache ZooKeeper see import --from-zookeeper, and migrate',
  )
}

function storeOf(command: Command): string {
  const { store, storeFile } = command.opts<{ store?: string; storeFile?: string }>()
  if (store === undefined && storeFile === undefined) {
    throw new UsageError('name the store with --store <url>, or its file with --store-file <file>')
  }
  const isFlag = (name: string) => command.getOptionValueSource(name) === 'cli'
  if (store !== undefined && storeFile !== undefined && isFlag('store') === isFlag('storeFile')) {
    throw new UsageError('store is given twice, itself and in a file: omit one of the two')
  }
  const isInFile = store === undefined || (storeFile !== undefined && isFlag('storeFile'))
  if (!isInFile) return store
  try {
    return readSecret(storeFile!)
  } catch (error) {
    throw new UsageError(`--store-file: ${reasonOf(error)}`)
  }
}

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

/** Of commands that read or write a whole tree. Unit: ms. */
export const storeTimeoutFlag = (): Option =>
  new Option(
    '--store-timeout <ms>',
    'for how long the store is tried again where it does not answer',
  )
    .default(STORE_MS_DEFAULT)
    .argParser(parsePositive)
