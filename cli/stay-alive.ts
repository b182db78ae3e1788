/**
 * The library's timers and idle connections keep no process alive, as a controller that imports it expects. A command
 * that waits for nothing else would end in the middle: with exit code 13, or as if it were done.
 */

/** Longest delay of a timer, ms. */
const LONGEST_MS = 0x7fffffff

/** The process lives on until the returned function is called. */
export function stayAlive(): () => void {
  const timer = setInterval(() => {}, LONGEST_MS)
  return () => clearInterval(timer)
}
