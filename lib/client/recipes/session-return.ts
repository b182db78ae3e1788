/** How what lives longer than one session ends. Neighbours: session-end, candidacy, live-loop. */
import { onAbort } from '../../base/on-abort.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'

/** Resolves when the signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/**
 * Is what was refused worth another try, behind a pause? Also after the time limit of a call: what lives longer than a session
 * outlives that, and looks for what the call has done.
 */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof ZnodeError)) return false
  return error.retriable || isZnodeError(error, ZK_ERRORS.OPERATION_TIMEOUT)
}

/**
 * As the promise; undefined as soon as the signal is aborted. Nothing stays at the signal: Promise.race() would leave something at
 * what never settles, each time.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) resolve(undefined)
    const cancel = onAbort(signal, () => resolve(undefined))
    promise.then(resolve, reject).finally(cancel)
  })
}

/** It was closed by its owner: what ends with it ends on purpose. */
export function isClosed(client: ZooKeeper): boolean {
  return client.state === 'closed' || client.closing.aborted
}
