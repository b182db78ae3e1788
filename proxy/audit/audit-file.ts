/**
 * The file of the audit log: appended to, in the background, up to a bound. A disk that takes nothing loses lines,
 * never requests. Neighbour: audit-trail.
 */
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { pino } from 'pino'
import {
  checkNames,
  type Keeper,
  type Logger,
  optionNames,
  reasonOf,
  silentLogger,
  systemClock,
} from '../../lib/internal.ts'

/** Options of {@link AuditFile.open}. */
export interface AuditFileOptions {
  /** Path; `-`: standard output. It is made readable for its owner alone, where it is not there yet. */
  readonly file: string
  /** Lines that wait to be written: further ones are dropped, and counted. Unit bytes. @default 8 MiB */
  readonly bufferBytesMax?: number
  /** @default silentLogger */
  readonly logger?: Logger
  /** @default systemClock */
  readonly clock?: Keeper['clock']
}

const OPTIONS = optionNames<AuditFileOptions>({
  file: true,
  bufferBytesMax: true,
  logger: true,
  clock: true,
})

/** What became of lines since the start. */
export interface AuditCounters {
  /** Taken: they are written, or wait for it. */
  lines: number
  /** Lost: too many waited. */
  dropped: number
}

/** Between two tries of a write that failed, ms. */
const RETRY_MS = 1_000
/** For its owner alone. */
const MODE = 0o600
/** Of standard output. */
const STDOUT = 1

/** An error in a sentence, before anything is served. */
function makePlace(file: string): void {
  inSentence(file, () => {
    isThere(file)
    const { O_WRONLY, O_CREAT, O_APPEND, O_NONBLOCK } = constants
    closeSync(openSync(file, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, MODE))
  })
}

/** @throws {Error} what is there takes no lines */
function isThere(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return false
  if (found.isFile() || found.isCharacterDevice()) return true
  throw new Error('it is not a file')
}

function inSentence(file: string, look: () => void): void {
  try {
    look()
  } catch (error) {
    const reason = reasonOf(error)
    throw new Error(
      `the audit log ${file} cannot be written (${reason}): name a file in a folder that exists and can be written`,
    )
  }
}

/** A file that lines are appended to. */
export class AuditFile {
  /** Since the start. */
  readonly counters: AuditCounters = { lines: 0, dropped: 0 }
  readonly #file: string
  readonly #out: ReturnType<typeof pino.destination>
  readonly #logger: Logger
  readonly #clock: Keeper['clock']
  #cancelRetry: (() => void) | undefined
  #isFailing = false
  /** Dropped in this outage. */
  #droppedNow = 0
  #isClosed = false

  /**
   * Whether a file can be opened as one, without opening or making it; `-`: standard output.
   * @throws {Error} it cannot be written; the message says why and what to do
   */
  static check(file: string): void {
    if (file === '-') return
    inSentence(file, () => {
      const { W_OK, X_OK } = constants
      if (isThere(file)) accessSync(file, W_OK)
      else accessSync(`${dirname(file)}/.`, W_OK | X_OK)
    })
  }

  /** @throws {TypeError} an option is not known; {Error} it cannot be written */
  static open(options: AuditFileOptions): AuditFile {
    checkNames(options, OPTIONS)
    if (options.file !== '-') makePlace(options.file)
    return new AuditFile(options)
  }

  private constructor(options: AuditFileOptions) {
    this.#file = options.file
    this.#logger = options.logger ?? silentLogger
    this.#clock = options.clock ?? systemClock
    this.#out = pino.destination({
      dest: options.file === '-' ? STDOUT : options.file,
      maxLength: options.bufferBytesMax ?? 8 * 1024 * 1024,
      ...{ sync: false, append: true, mode: MODE },
    })
    this.#out.on('drop', () => this.#dropped())
    this.#out.on('error', (error) => this.#failed(error))
    this.#out.on('write', () => this.#wrote())
  }

  /** @internal */
  write(line: string): void {
    if (this.#isClosed) return
    this.counters.lines++
    this.#out.write(line)
  }

  /** Opens the path again: what was there may have been moved away (logrotate). Standard output stays. */
  reopen(): void {
    if (this.#file === '-' || this.#isClosed) return
    this.#out.reopen()
  }

  /** Writes pending lines, for at most `drainMs`. */
  async close(drainMs = 2_000): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(drainMs, resolve)
      this.#out.once('close', () => {
        cancel()
        resolve()
      })
      this.#out.end()
    })
    this.#cancelRetry?.()
    this.#out.destroy()
  }

  #dropped(): void {
    this.counters.lines--
    this.counters.dropped++
    if (this.#droppedNow++ > 0) return
    this.#logger.error(
      { file: this.#file },
      'the audit log is written too slowly or not at all: lines are dropped, requests are served',
    )
  }

  #failed(error: Error): void {
    if (!this.#isFailing) {
      this.#isFailing = true
      const fields = { file: this.#file, reason: error.message }
      this.#logger.error(fields, 'the audit log cannot be written, trying again')
    }
    if (this.#isClosed) return
    this.#cancelRetry?.()
    // Pending lines are written with the next write, be it an empty one.
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#out.write(''))
  }

  #wrote(): void {
    if (!this.#isFailing && this.#droppedNow === 0) return
    const dropped = this.#droppedNow
    this.#isFailing = false
    this.#droppedNow = 0
    this.#logger.warn({ file: this.#file, dropped }, 'the audit log is written again')
  }
}
