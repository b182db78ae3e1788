/** The only doors to time and chance: everything in lib takes them as arguments. */
import { randomBytes } from 'node:crypto'

/** Where the library reads time and sets timers: tests replace it. */
export interface Clock {
  /** Wall clock, ms since 1970. What znodes carry as ctime and mtime. */
  now(): number
  /** Monotonic, ms. What deadlines are measured with. */
  monotonic(): number
  /** One-shot timer, unreferenced: it never keeps the process alive. Returns its cancel. */
  after(delayMs: number, run: () => void): () => void
  /** Keeps the process alive until the function that it returns is called. Absent: nothing does. */
  hold?(): () => void
}

/** Where the library draws random numbers: tests replace it. */
export interface Random {
  /** `count` random bytes, fit for secrets. */
  bytes(count: number): Uint8Array
  /** Uniform in [0, 1). */
  fraction(): number
}

/** Of a timer of Node: a longer one would be due immediately. Unit ms. */
export const TIMER_MS_MAX = 2 ** 31 - 1

/** The process clock and its timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    let timer: NodeJS.Timeout
    const wait = (leftMs: number): void => {
      timer =
        leftMs > TIMER_MS_MAX
          ? setTimeout(() => wait(leftMs - TIMER_MS_MAX), TIMER_MS_MAX)
          : setTimeout(run, leftMs)
      timer.unref()
    }
    wait(delayMs)
    return () => clearTimeout(timer)
  },
  hold() {
    const timer = setInterval(() => {}, TIMER_MS_MAX)
    return () => clearInterval(timer)
  },
}

/**
 * Drawn together: one draw costs ten times as much as the bytes of a session's password. Unit
 * bytes.
 */
const DRAWN_BYTES = 4_096
let drawn = new Uint8Array(0)

/** Secure bytes of node:crypto; fractions of Math.random. */
export const systemRandom: Random = {
  /** Each byte is given out once. */
  bytes(count) {
    if (count > DRAWN_BYTES) return randomBytes(count)
    if (count > drawn.length) drawn = randomBytes(DRAWN_BYTES)
    const given = new Uint8Array(drawn.subarray(0, count))
    drawn.fill(0, 0, count)
    drawn = drawn.subarray(count)
    return given
  },
  fraction: () => Math.random(),
}
