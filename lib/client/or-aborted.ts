/** A promise, or the end of its wait. Neighbours: client-session, wire/wire-feed. */

/** Rejects with the signal's reason as soon as it is aborted; what comes later is passed to `onLate`. */
export function orAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  onLate: (value: T) => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      promise.then(onLate, () => {})
      reject(signal.reason)
    }
    const settled = (): void => signal.removeEventListener('abort', aborted)
    if (signal.aborted) return aborted()
    signal.addEventListener('abort', aborted, { once: true })
    promise.then(resolve, reject).finally(settled)
  })
}
