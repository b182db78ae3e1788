/** Certificates in files: read again when they change, and used only when they fit together. Neighbour: credentials.ts. */

import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { Clock } from '../../lib/base/clock.ts'
import type { Logger } from '../../lib/base/log.ts'
import { reasonOf } from '../../lib/base/reason-of.ts'
import { invalid, readSecret } from './secret-file.ts'

/** PEM. */
export interface TlsBytes {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

type Name = keyof TlsBytes

export interface TlsFilesOptions {
  /** Name of the store, for messages. */
  readonly store: string
  /** Paths. */
  readonly files: { readonly [name in Name]: string | undefined }
  readonly clock: Clock
  readonly logger: Logger
  /** Unit: ms. */
  readonly reloadMs: number
}

const NAMES: readonly Name[] = ['ca', 'cert', 'key']

export class TlsFiles {
  bytes: TlsBytes = {}
  generation = 0
  readonly #options: TlsFilesOptions
  /** What was wrong at the last look; undefined: nothing. Said at the second one: files are replaced one after the other. */
  #problem: string | undefined
  #isSaid = false
  #isClosed = false
  #cancel = (): void => {}

  constructor(options: TlsFilesOptions) {
    this.#options = options
  }

  /** @throws {StoreError} STORE_INVALID when one cannot be read, or they do not fit together */
  async load(): Promise<void> {
    this.bytes = await readTlsFiles(this.#options.files)
    this.#lookLater()
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
  }

  #lookLater(): void {
    const { clock, reloadMs } = this.#options
    if (this.#isClosed) return
    this.#cancel = clock.after(reloadMs, () => void this.#look().then(() => this.#lookLater()))
  }

  async #look(): Promise<void> {
    const { logger, store } = this.#options
    try {
      const now = await readTlsFiles(this.#options.files)
      this.#problem = undefined
      this.#isSaid = false
      if (NAMES.every((name) => isSame(now[name], this.bytes[name]))) return
      this.bytes = now
      this.generation++
      const until = now.cert && new X509Certificate(now.cert).validTo
      logger.info({ store, ...(until && { until }) }, 'new connections use the new certificates')
    } catch (error) {
      const problem = reasonOf(error)
      if (problem === this.#problem && !this.#isSaid) {
        this.#isSaid = true
        const message = 'the new certificates are of no use: the ones before are kept'
        logger.warn({ store, reason: problem }, message)
      }
      this.#problem = problem
    }
  }
}

/** @throws {StoreError} STORE_INVALID when one cannot be read, or they do not fit together */
export async function readTlsFiles(files: TlsFilesOptions['files']): Promise<TlsBytes> {
  const bytes: { -readonly [name in Name]?: Buffer } = {}
  for (const name of NAMES) {
    const path = files[name]
    if (path !== undefined) bytes[name] = await readSecret(name, path)
  }
  assertUsable(bytes, files)
  return bytes
}

/** @throws {StoreError} STORE_INVALID */
function assertUsable(bytes: TlsBytes, files: TlsFilesOptions['files']): void {
  for (const name of ['ca', 'cert'] as const) {
    const pem = bytes[name]
    if (pem === undefined) continue
    try {
      new X509Certificate(pem)
    } catch (cause) {
      throw invalid(`the ${name} file ${files[name]} holds no certificate in PEM`, cause)
    }
  }
  try {
    createSecureContext(bytes)
  } catch (cause) {
    throw invalid(`the key file ${files.key} is not the key of the cert file ${files.cert}`, cause)
  }
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other)
}
