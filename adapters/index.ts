/** From a URL to a store. An adapter and its driver are loaded only when their scheme is opened. */
import type { Clock } from '../lib/base/clock.ts'
import { checkNames, optionNames, type Refuse } from '../lib/base/known-options.ts'
import type { Logger } from '../lib/base/log.ts'
import { StoreError } from '../lib/model/errors.ts'
import type { MetadataStore } from '../lib/store/metadata-store.ts'
import type { CredentialSources } from './credentials/credentials.ts'
import type { BackupOptions, BackupResult } from './embedded/backup.ts'

export type { BackupOptions, BackupResult } from './embedded/backup.ts'
export { makeFolder } from './embedded/make-folder.ts'
export { beginUnfinished, type Unfinished } from './embedded/unfinished.ts'
export { type MvccWriter, mvccHandle } from './mvcc/handle.ts'
export type { MvccBase } from './mvcc/key-states.ts'
export type { Leases, StoredLease } from './mvcc/leases.ts'
export {
  type Changes,
  HISTORY_DEFAULT,
  type HistoryBounds,
  Mvcc,
  type MvccOptions,
} from './mvcc/mvcc.ts'

/** Options of {@link openStore}. */
export interface OpenStoreOptions {
  /** @default systemClock */
  readonly clock?: Clock
  /** false: no data is created; a folder without data is refused. @default true */
  readonly create?: boolean
  /** Where a store on a server says that credentials were refused, accepted again or replaced. @default none */
  readonly logger?: Logger
}

const OPTIONS = optionNames<OpenStoreOptions>({ clock: true, create: true, logger: true })

const invalid: Refuse = (message, cause) => {
  return new StoreError('STORE_INVALID', message, cause === undefined ? undefined : { cause })
}

/** Opens the store that a URL names. `scheme` is given without its colon, `url` in full. */
export type StoreOpener = (
  url: string,
  scheme: string,
  options: OpenStoreOptions,
) => Promise<MetadataStore>

const openers = new Map<string, StoreOpener>()

/**
 * Registers an opener for a scheme, or replaces the one that is registered.
 * @throws {StoreError} STORE_INVALID when `scheme` is not a valid URL scheme.
 */
export function registerStore(scheme: string, opener: StoreOpener): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme)) {
    throw new StoreError('STORE_INVALID', `"${scheme}" is no URL scheme`)
  }
  openers.set(scheme, opener)
}

/** The schemes that {@link openStore} accepts, sorted. */
export function storeSchemes(): string[] {
  return [...openers.keys()].sort()
}

/**
 * Opens the store of a URL. The schemes:
 * - `file:./data[?mapSize=8GiB]`: a folder on this machine, for one process;
 * - `memory:`, and nothing behind the colon: in the memory of this process, and gone with it;
 * - `etcd://[user:pass@]host:port[,host:port…]`, or `etcds://…` for TLS, with `?ca=`, `cert=` and
 *   `key=` naming PEM files, and `userFile=` and `passwordFile=` instead of `user:pass@`;
 * - `redis://[user:pass@]host[:port][/db]`, or `rediss://…` for TLS, with the same files;
 * - those added with {@link registerStore}.
 * @throws {StoreError} STORE_INVALID for a URL that cannot be used, or an option that is not known; otherwise what the opener
 * throws.
 */
export async function openStore(
  url: string,
  options: OpenStoreOptions = {},
): Promise<MetadataStore> {
  checkNames(options, OPTIONS, invalid)
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(url)?.[1]
  const opener = scheme === undefined ? undefined : openers.get(scheme)
  if (scheme === undefined || opener === undefined) {
    const known = storeSchemes().join(', ')
    // Of the URL nothing that may be a part of a password.
    const given = /^[a-z][a-z0-9+.-]*(?=:\/\/)/.exec(url)?.[0]
    throw new StoreError(
      'STORE_INVALID',
      `the store URL must begin with one of ${known}, followed by a colon${given === undefined ? '' : `, not with "${given}"`}`,
    )
  }
  return opener(url, scheme, options)
}

const BACKUP_OPTIONS = optionNames<BackupOptions>({ onProgress: true, onBegun: true })

/**
 * Copies a store in files, `file:…`, into a folder that is not there yet, while a server uses it or not: one state of it, checked, on
 * the disk, or not at all. The copy is a store of its own.
 * @throws {StoreError} STORE_INVALID: the URL, or an option that is not known; STORE_UNAVAILABLE: there are no data, or the folder is there; STORE_NO_SPACE;
 * STORE_INTERNAL: the store is damaged; STORE_UNSUPPORTED: the package lmdb is missing
 */
export async function backupFileStore(
  url: string,
  folder: string,
  options: BackupOptions = {},
): Promise<BackupResult> {
  checkNames(options, BACKUP_OPTIONS, invalid)
  const { absolutePath, parseFileUrl } = await import('./embedded/file-url.ts')
  const parsed = parseFileUrl(url)
  const { backupFolder } = await import('./embedded/backup.ts')
  return backupFolder(parsed.folder, absolutePath('the copy', folder), options)
}

type UrlCheck = (url: string) => Promise<{ readonly credentials?: CredentialSources }>

/** What is behind the colon would be ignored, and would look as if data were kept there. */
function checkMemoryUrl(url: string): void {
  if (url === 'memory:') return
  throw invalid(
    'store URL: a store in memory is "memory:" with nothing behind it; its data end with the process',
  )
}

const checks = new Map<string, UrlCheck>([
  [
    'memory',
    async (url) => {
      checkMemoryUrl(url)
      return {}
    },
  ],
  [
    'file',
    async (url) => {
      const { parseFileUrl } = await import('./embedded/file-url.ts')
      parseFileUrl(url)
      return {}
    },
  ],
  ['etcd', async (url) => (await import('./etcd/etcd-url.ts')).parseEtcdUrl(url)],
  ['etcds', async (url) => (await import('./etcd/etcd-url.ts')).parseEtcdUrl(url)],
  ['redis', async (url) => (await import('./redis/redis-url.ts')).parseRedisUrl(url)],
  ['rediss', async (url) => (await import('./redis/redis-url.ts')).parseRedisUrl(url)],
])

/** Options of {@link checkStoreUrl}. */
export interface CheckStoreUrlOptions {
  /** Reads the files that the URL names as well. @default false */
  readonly files?: boolean
}

/**
 * Looks at the URL of a store without opening it. A scheme that was added with {@link registerStore} is looked up by name
 * only.
 * @throws {StoreError} STORE_INVALID for a URL, or for a file, that cannot be used, or an option that is not known
 */
export async function checkStoreUrl(
  url: string,
  options: CheckStoreUrlOptions = {},
): Promise<void> {
  checkNames(options, ['files'], invalid)
  const { files = false } = options
  const scheme = /^[^:]*/.exec(url)?.[0] ?? ''
  // Refused there, in the same words.
  if (!openers.has(scheme)) await openStore(url)
  const parsed = await checks.get(scheme)?.(url)
  if (!files || parsed?.credentials === undefined) return
  const { checkSources } = await import('./credentials/check-sources.ts')
  await checkSources(parsed.credentials)
}

registerStore('memory', async (url, _scheme, options) => {
  checkMemoryUrl(url)
  const { openMemoryStore } = await import('./memory/memory-store.ts')
  return openMemoryStore(options)
})

registerStore('file', async (url, _scheme, options) => {
  const { parseFileUrl } = await import('./embedded/file-url.ts')
  const parsed = parseFileUrl(url)
  const { openEmbeddedStore } = await import('./embedded/embedded-store.ts')
  return openEmbeddedStore({ ...parsed, ...options })
})

const openEtcd: StoreOpener = async (url, _scheme, options) => {
  const { parseEtcdUrl } = await import('./etcd/etcd-url.ts')
  const parsed = parseEtcdUrl(url)
  const { requireEtcd3 } = await import('./etcd/driver.ts')
  await requireEtcd3()
  const { openEtcdStore } = await import('./etcd/etcd-store.ts')
  return openEtcdStore({ ...parsed, ...options })
}
registerStore('etcd', openEtcd)
registerStore('etcds', openEtcd)

const openRedis: StoreOpener = async (url, _scheme, options) => {
  const { parseRedisUrl } = await import('./redis/redis-url.ts')
  const parsed = parseRedisUrl(url)
  const { openRedisStore } = await import('./redis/redis-store.ts')
  return openRedisStore({ ...parsed, ...options })
}
registerStore('redis', openRedis)
registerStore('rediss', openRedis)
