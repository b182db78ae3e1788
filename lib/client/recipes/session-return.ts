/** What lives longer than one session waits for the next one. Neighbours: session-end, candidacy, live-loop. */
import type { ZooKeeper } from '../zookeeper.ts'
import { isOver, whenConnected } from './session-end.ts'

/**
 * Resolves when the client is connected: with the session that it had or, if it renews lost ones, with another. false: no
 * session will follow.
 */
export async function whenBack(client: ZooKeeper): Promise<boolean> {
  for (;;) {
    if (await whenConnected(client)) return true
    if (isOver(client)) return false
  }
}

/** Resolves after `delayMs`, or when the signal is aborted. */
export function pause(client: ZooKeeper, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const cancel = client.clock.after(delayMs, end)
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** Resolves when the signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** It was closed by its owner: what ends with it ends on purpose. */
export function isClosed(client: ZooKeeper): boolean {
  return client.state === 'closed'
}
