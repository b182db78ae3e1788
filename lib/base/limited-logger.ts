/**
 * A logger that a flood of lines of one kind cannot fill: each kind has so many lines a minute, and the rest is counted.
 * A kind is a level and a message; what differs from line to line belongs into the fields. Neighbour: log.
 */
import type { Clock } from './clock.ts'
import type { Logger } from './log.ts'

export interface LimitedLoggerOptions {
  readonly logger: Logger
  readonly clock: Clock
  /** Lines of one kind in a minute; the others are left out and counted. 0: no limit. */
  readonly linesPerMinuteMax: number
}

type Level = 'info' | 'warn' | 'error'

interface Kind {
  readonly level: Level
  readonly message: string
  lines: number
  leftOut: number
}

const MINUTE_MS = 60_000
/** Kinds of one minute. Further ones share one. */
const KINDS_MAX = 500
const OTHERS = 'other messages'

/** Lines of level debug are not limited. What the logger throws is dropped: no commit may end half-way for the sake of a line. */
export class LimitedLogger implements Logger {
  /** Lines left out so far. */
  leftOut = 0
  readonly #options: LimitedLoggerOptions
  /** Of this minute, which begins with its first line. */
  readonly #kinds = new Map<string, Kind>()

  constructor(options: LimitedLoggerOptions) {
    this.#options = options
  }

  debug(fields: object, message: string): void {
    this.#write('debug', fields, message)
  }
  info(fields: object, message: string): void {
    this.#log('info', fields, message)
  }
  warn(fields: object, message: string): void {
    this.#log('warn', fields, message)
  }
  error(fields: object, message: string): void {
    this.#log('error', fields, message)
  }

  /** Says now what was left out, as at the end of a minute. */
  flush(): void {
    const kinds = [...this.#kinds.values()]
    this.#kinds.clear()
    for (const { level, message, leftOut } of kinds) {
      if (leftOut === 0) continue
      this.#write(level, { leftOut }, `${message}: ${leftOut} more left out`)
    }
  }

  #log(level: Level, fields: object, message: string): void {
    const { linesPerMinuteMax } = this.#options
    if (linesPerMinuteMax > 0) {
      const kind = this.#kindOf(level, message)
      if (++kind.lines > linesPerMinuteMax) {
        kind.leftOut++
        this.leftOut++
        return
      }
    }
    this.#write(level, fields, message)
  }

  #write(level: Level | 'debug', fields: object, message: string): void {
    try {
      this.#options.logger[level](fields, message)
    } catch {}
  }

  #kindOf(level: Level, message: string): Kind {
    if (this.#kinds.size === 0) this.#options.clock.after(MINUTE_MS, () => this.flush())
    const known = this.#kinds.get(level + message)
    if (known !== undefined) return known
    const isOne = this.#kinds.size < KINDS_MAX
    const key = isOne ? level + message : level + OTHERS
    const other = this.#kinds.get(key)
    if (other !== undefined) return other
    const kind = { level, message: isOne ? message : OTHERS, lines: 0, leftOut: 0 }
    this.#kinds.set(key, kind)
    return kind
  }
}
