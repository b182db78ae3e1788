/** How what lives longer than one session ends. Neighbours: session-end, candidacy, live-loop. */
import type { ZooKeeper } from '../zookeeper.ts'

/** Resolves when the signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** It was closed by its owner: what ends with it ends on purpose. */
export function isClosed(client: ZooKeeper): boolean {
  return client.state === 'closed' || client.closing.aborted
}
