/**
 * The file of the audit log: appended to, in the background, up to a bound. A disk that takes nothing loses lines,
 * never requests. Neighbour: audit-trail.
 */
import { accessSync, close, constants, fstat, open, openSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  checkNames,
  type Keeper,
  LineWriter,
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
  /** Lost: too many waited, nobody reads them, or there was no time at the end. */
  dropped: number
}

/** Between two looks whether the file is still there, ms. */
const LOOK_MS = 1_000
/** For its owner alone. */
const MODE = 0o600
/** Of standard output. */
const STDOUT = 1
/** A FIFO that nobody reads is refused: opening it would wait for a reader. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK
const NO_FILE = 'it is not a file'

const takesLines = (found: Stats): boolean => found.isFile() || found.isCharacterDevice()

/** An error in a sentence, before anything is served. */
function openPlace(file: string): number {
  let fd = STDOUT
  inSentence(file, () => {
    isThere(file)
    fd = openSync(file, FLAGS, MODE)
  })
  return fd
}

/** In a process that serves meanwhile: what is there now may be anything. */
function openAgain(file: string, done: (error: Error | null, fd: number) => void): void {
  open(file, FLAGS, MODE, (error, fd) => {
    if (error !== null) return done(error, -1)
    fstat(fd, (failed, found) => {
      if (failed === null && takesLines(found)) return done(null, fd)
      close(fd, () => done(failed ?? new Error(NO_FILE), -1))
    })
  })
}

/** @throws {Error} what is there takes no lines */
function isThere(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return false
  if (takesLines(found)) return true
  throw new Error(NO_FILE)
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
  readonly #out: LineWriter
  readonly #logger: Logger
  readonly #clock: Keeper['clock']
  #lookedMs = Number.NEGATIVE_INFINITY
  #isReopening = false
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
    return new AuditFile(options, options.file === '-' ? STDOUT : openPlace(options.file))
  }

  private constructor(options: AuditFileOptions, fd: number) {
    this.#file = options.file
    this.#logger = options.logger ?? silentLogger
    this.#clock = options.clock ?? systemClock
    this.#out = new LineWriter({
      fd,
      bufferBytesMax: options.bufferBytesMax ?? 8 * 1024 * 1024,
      clock: this.#clock,
      events: {
        failed: (error) => this.#failed(error),
        wrote: () => this.#wrote(),
        dropped: (lines) => this.#dropped(lines),
      },
    })
    process.on('exit', this.#onExit)
  }

  /** @internal */
  write(line: string): void {
    if (this.#isClosed) return
    this.counters.lines++
    this.#out.write(line)
  }

  /**
   * Opens the path again: what was there may have been moved away (logrotate). Where that fails the file before is written, and the
   * reason is in the log. Standard output stays.
   */
  reopen(): void {
    if (this.#file === '-' || this.#isClosed) return
    this.#isReopening = true
    this.#out.hold()
    openAgain(this.#file, (error, fd) => {
      this.#isReopening = false
      if (error === null) return this.#out.moveTo(fd)
      this.#out.stay()
      const fields = { file: this.#file, reason: error.message }
      this.#logger.error(fields, 'the audit log was not opened again, the file before is written')
    })
  }

  /** Writes pending lines, for at most `drainMs`; those that are left are counted as dropped. */
  async close(drainMs = 2_000): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#out.close(drainMs)
    process.off('exit', this.#onExit)
  }

  readonly #onExit = (): void => this.#out.writeLast()

  #dropped(lines: number): void {
    this.counters.lines -= lines
    this.counters.dropped += lines
    const isFirst = this.#droppedNow === 0
    this.#droppedNow += lines
    if (!isFirst) return
    this.#logger.error(
      { file: this.#file },
      'the audit log is written too slowly or not at all: lines are dropped, requests are served',
    )
  }

  #failed(error: Error): void {
    if (this.#isFailing) return
    this.#isFailing = true
    const fields = { file: this.#file, reason: error.message }
    this.#logger.error(fields, 'the audit log cannot be written, trying again')
  }

  #wrote(): void {
    this.#look()
    if (!this.#isFailing && this.#droppedNow === 0) return
    const dropped = this.#droppedNow
    this.#isFailing = false
    this.#droppedNow = 0
    this.#logger.warn({ file: this.#file, dropped }, 'the audit log is written again')
  }

  /** Lines for a file that was removed would be lost, and nobody would see it. */
  #look(): void {
    const nowMs = this.#clock.monotonic()
    if (this.#file === '-' || this.#isReopening || nowMs - this.#lookedMs < LOOK_MS) return
    this.#lookedMs = nowMs
    fstat(this.#out.fd, (error, found) => {
      if (error !== null || found.nlink > 0 || this.#isReopening) return
      this.#logger.warn({ file: this.#file }, 'the audit log was removed: it is made again')
      this.reopen()
    })
  }
}
