/**
 * A signal of a caller's, which may be given to any number of calls: it gets one listener, not one a call, of which Node
 * warns from the eleventh on. Neighbour: whatever takes a signal.
 */

const runs = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `run` once, when `signal` is aborted; not if it is aborted already. Returns its cancel. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  let all = runs.get(signal)
  if (all === undefined) {
    all = new Set()
    runs.set(signal, all)
  }
  const waiting = all
  // Each by itself: the same function may be passed twice.
  const one = (): void => run()
  if (waiting.size === 0) signal.addEventListener('abort', aborted, { once: true })
  waiting.add(one)
  return () => {
    if (waiting.delete(one) && waiting.size === 0) signal.removeEventListener('abort', aborted)
  }
}

function aborted(this: AbortSignal): void {
  const waiting = runs.get(this)
  const thrown: unknown[] = []
  for (const run of [...(waiting ?? [])]) {
    waiting?.delete(run)
    try {
      run()
    } catch (error) {
      // The others wait for the same end.
      thrown.push(error)
    }
  }
  if (thrown.length > 0) throw thrown[0]
}
