/**
 * The certificates of a secure port, as they are in the files now. A change takes effect if all files fit together;
 * otherwise the ones before stay in use, and the next change or look tries again. Neighbours: key-material, file-watch.
 */

import type { X509Certificate } from 'node:crypto'
import type { Clock, Logger } from '../../lib/index.ts'
import { reasonOf, withoutWaiting } from '../../lib/internal.ts'
import { FileWatch } from './file-watch.ts'
import { type KeyMaterial, pathsOf, readRaw, understand } from './key-material.ts'
import type { KnownSecureOptions } from './options.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** Days before the end at which a warning is logged. */
const WARNED_DAYS = [30, 7, 1]

export interface KeyStoreOptions {
  readonly secure: KnownSecureOptions
  readonly clock: Clock
  readonly logger: Logger
  /** Whose certificates they are, for the log. @default "secure port" */
  readonly port?: string
  /** Takes certificates into use. @throws what makes them unusable */
  apply(material: KeyMaterial): void
}

export class KeyStore {
  /** Times that changed files were taken into use. */
  reloads = 0
  /** Times that changed files could not be used. */
  reloadsFailed = 0
  readonly #options: KeyStoreOptions
  readonly #watch: FileWatch | undefined
  #material: KeyMaterial
  #digest: string
  /** Why the files as they are now cannot be used. */
  #problem: string | undefined
  #warnedDays = Number.POSITIVE_INFINITY
  #cancelLook: () => void = () => {}

  /** @throws {TlsError} the files cannot be used */
  constructor(options: KeyStoreOptions) {
    const { secure, clock } = options
    this.#options = options
    const raw = readRaw(secure.files)
    this.#material = understand(secure.files, raw, secure.clientAuth, clock.now())
    this.#digest = raw.digest
    options.apply(this.#material)
    if (secure.reload) {
      this.#watch = new FileWatch({
        paths: pathsOf(secure.files),
        pollMs: secure.reloadPollMs,
        clock,
        onChange: () => this.#look(),
      })
    }
    this.#lookAtExpiry()
  }

  /** The server's certificate. */
  get leaf(): X509Certificate {
    return this.#material.leaf
  }

  get #port(): { readonly port?: string } {
    const { port } = this.#options
    return port === undefined ? {} : { port }
  }

  /** Until the first of the server's certificates expires; below 0: it has. Unit s. */
  get expiresInSeconds(): number {
    return Math.floor((this.#material.expiresMs - this.#options.clock.now()) / 1_000)
  }

  /**
   * Reads the files now. Resolves to a sentence that says what has become of it.
   * @throws {TlsError} the files cannot be used: those before stay in use
   */
  async reload(): Promise<string> {
    const changed = this.#take()
    const { subject, validTo } = this.leaf
    const named = subject.split('\n').join(', ') || 'the certificate without a subject'
    return changed
      ? `certificates reloaded: ${named}, valid until ${validTo}`
      : `certificates unchanged: ${named}, valid until ${validTo}`
  }

  close(): void {
    this.#watch?.close()
    this.#cancelLook()
  }

  /** Errors are logged, each once. */
  #look(): void {
    try {
      if (this.#take()) {
        const { subject, validTo } = this.leaf
        this.#options.logger.info({ ...this.#port, subject, validTo }, 'certificates reloaded')
      }
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === this.#problem) return
      this.#problem = reason
      this.reloadsFailed++
      const text = 'changed certificates cannot be used: those before stay in use'
      this.#options.logger.error({ ...this.#port, reason }, text)
    }
  }

  /** @throws {TlsError} */
  #take(): boolean {
    const { secure, clock, apply } = this.#options
    const raw = withoutWaiting(() => readRaw(secure.files))
    if (raw.digest === this.#digest) {
      this.#problem = undefined
      return false
    }
    const material = understand(secure.files, raw, secure.clientAuth, clock.now())
    apply(material)
    this.#material = material
    this.#digest = raw.digest
    this.#problem = undefined
    this.reloads++
    this.#warnedDays = Number.POSITIVE_INFINITY
    this.#warnOfExpiry()
    return true
  }

  #lookAtExpiry(): void {
    this.#cancelLook = this.#options.clock.after(HOUR_MS, () => this.#lookAtExpiry())
    this.#warnOfExpiry()
  }

  /** Once for each mark that is passed. */
  #warnOfExpiry(): void {
    const { clock, logger } = this.#options
    const { expiresMs, leaf } = this.#material
    const days = (expiresMs - clock.now()) / DAY_MS
    const mark = days <= 0 ? 0 : WARNED_DAYS.findLast((limit) => days <= limit)
    if (mark === undefined || mark >= this.#warnedDays) return
    this.#warnedDays = mark
    const expires = new Date(expiresMs).toISOString()
    const fields = { ...this.#port, subject: leaf.subject, expires }
    if (mark === 0) logger.error(fields, 'a certificate of this server has expired')
    else logger.warn(fields, 'a certificate of this server expires soon')
  }
}
