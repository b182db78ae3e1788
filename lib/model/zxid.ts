/** A zxid: the epoch in its upper 32 bits, a counter in the lower ones. Source: ZxidUtils. */

/** The upper half. A zxid is a safe integer: epochs below 2^21. */
export function epochOf(zxid: number): number {
  return Math.floor(zxid / 2 ** 32)
}
