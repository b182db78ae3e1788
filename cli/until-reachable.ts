/** Waits for a store that does not answer yet, or has no space. Neighbour: serve. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger, StoreError } from '../lib/index.ts'

const RETRY_MS_MIN = 250
const RETRY_MS_MAX = 3_000
/** Doublings of the pause. */
const DOUBLINGS_MAX = 4

/** A server whose store is full serves as soon as there is space. Other errors of a folder need somebody to act. */
const isFull = ({ code }: StoreError): boolean => code === 'STORE_NO_SPACE'

interface Waiting {
  /** What is reported while it waits, without a full stop. */
  readonly what: string
  readonly url: string
  readonly logger: Logger
  /** Nothing is tried any more. */
  readonly signal: AbortSignal
}

/** Retries while the store is unreachable or full; logs the endpoint and the reason. Rejects with the reason of the signal, too. */
export async function untilReachable<T>(
  { what, url, logger, signal }: Waiting,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      const isPassing = error instanceof StoreError && (error.retriable || isFull(error))
      if (!isPassing || signal.aborted) throw error
      logger.warn({ store: url, tries, reason: error.message }, `${what}, trying again`)
      const pauseMs = Math.min(RETRY_MS_MIN * 2 ** Math.min(tries, DOUBLINGS_MAX), RETRY_MS_MAX)
      await sleep(pauseMs, undefined, { signal })
    }
  }
}
