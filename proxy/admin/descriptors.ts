/**
 * How many files and sockets this process has open, and may. Counted aside and kept for a moment: with 10,000
 * connections a listing takes a while. Where none is left the system closes new connections unheard, so that is
 * looked for. Neighbours: metrics, server.
 */
import { opendir, readFile, stat } from 'node:fs/promises'
import type { Clock, Logger } from '../../lib/index.ts'

/** How long a count is good for. Unit ms. */
const KEPT_MS = 1_000
const FOLDER = '/proc/self/fd'
/** Between two looks at whether some are left. Unit ms. */
const WATCH_MS = 5_000
/** With fewer left, connections fail: also those that this process makes, to its store. */
const SPARE_MIN = 16
/** Entries read in one go. */
const ENTRIES_PER_READ = 512

export class Descriptors {
  /** As counted last; undefined: not yet, or there is no /proc. */
  open: number | undefined
  /** Infinity: not limited. */
  max = Number.POSITIVE_INFINITY
  /** How often none was left. */
  shortages = 0
  readonly #clock: Clock
  readonly #logger: Logger
  #isShort = false
  #cancel: () => void = () => {}
  #countedMs = Number.NEGATIVE_INFINITY
  #counting: Promise<void> | undefined

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
  }

  /** Looks now and then whether some are left, until {@link stop}. */
  start(): void {
    this.#cancel = this.#clock.after(WATCH_MS, () => {
      this.start()
      void this.count()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** Counts again unless that was done a moment ago. Never rejects. */
  count(): Promise<void> {
    if (this.#counting !== undefined) return this.#counting
    if (this.#clock.monotonic() - this.#countedMs < KEPT_MS) return Promise.resolve()
    this.#counting = this.#count().finally(() => {
      this.#countedMs = this.#clock.monotonic()
      this.#counting = undefined
    })
    return this.#counting
  }

  async #count(): Promise<void> {
    try {
      this.max = await readMax()
      this.open = await countOpen()
      this.#judge(this.open > this.max - SPARE_MIN)
    } catch (error) {
      // To ask takes one itself.
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EMFILE' || code === 'ENFILE') this.#judge(true)
      else this.open = undefined
    }
  }

  #judge(isShort: boolean): void {
    const { open, max } = this
    if (isShort === this.#isShort) return
    this.#isShort = isShort
    if (!isShort) return this.#logger.info({ open, max }, 'there are file descriptors again')
    this.shortages++
    this.#logger.error(
      { open, max },
      'no file descriptors are left: new connections are closed; raise the limit (ulimit -n) or lower --max-connections',
    )
  }
}

async function readMax(): Promise<number> {
  const limit = /^Max open files\s+(\d+)/m.exec(await readFile('/proc/self/limits', 'utf8'))
  return limit === null ? Number.POSITIVE_INFINITY : Number(limit[1])
}

/** Linux 6.2 and later has the count as the folder's size; before, its entries are counted. */
async function countOpen(): Promise<number> {
  const { size } = await stat(FOLDER)
  if (size > 0) return size
  let count = 0
  for await (const _ of await opendir(FOLDER, { bufferSize: ENTRIES_PER_READ })) count++
  // Without the one of the listing itself.
  return count - 1
}
