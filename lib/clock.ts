/** The only doors to time and chance: everything in lib takes them as arguments. */
import { randomBytes } from 'node:crypto'

export interface Clock {
  /** Wall clock, ms since 1970. What znodes carry as ctime and mtime. */
  now(): number
  /** Monotonic, ms. What deadlines are measured with. */
  monotonic(): number
  /** One-shot timer, unreferenced: it never keeps the process alive. Returns its cancel. */
  after(delayMs: number, run: () => void): () => void
}

export interface Random {
  bytes(count: number): Uint8Array
  /** Uniform in [0, 1). */
  fraction(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => Math.random(),
}
