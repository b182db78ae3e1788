/**
 * How long to wait before a call is retried. Neighbours: whatever retries; the wait itself is a
 * Clock's.
 */

export interface BackoffOptions {
  /** After the first failure. Unit ms. */
  readonly firstMs: number
  /** Never longer than this. Unit ms. */
  readonly maxMs: number
}

/** Doubles with each failure up to `maxMs`. `failures` counts from 1. Unit ms. */
export function backoffMs(failures: number, { firstMs, maxMs }: BackoffOptions): number {
  return Math.min(firstMs * 2 ** (failures - 1), maxMs)
}
