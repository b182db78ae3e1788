/** For what announces nothing: asks again and again until it is so, or says what was not. */
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 100
/** Below mocha's, and longer than a busy machine stands still. Unit ms. */
const PATIENCE_MS = 40_000

/** What a check returns for "not yet"; what it throws counts as the same. */
export type NotYet = undefined | false

/**
 * The first other answer of `check`. Rejects after `deadlineMs` with `what` and the last reason: it is the patience
 * of the test, and no promise of the product. Where an event can be awaited, await that.
 */
export async function eventually<T>(
  what: string,
  check: () => T | NotYet | Promise<T | NotYet>,
  deadlineMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs
  let lastError: unknown
  for (;;) {
    try {
      const answer = await check()
      if (answer !== undefined && answer !== false) return answer
      lastError = undefined
    } catch (error) {
      lastError = error
    }
    if (performance.now() > deadline) throw late(what, deadlineMs, lastError)
    await sleep(pollMs)
  }
}

/** `promise`, but not for longer than `deadlineMs`. */
export async function within<T>(
  what: string,
  deadlineMs: number,
  promise: Promise<T>,
  detail: () => string = () => '',
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late(what, deadlineMs, undefined, detail())), deadlineMs)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** Repeats what is safe to repeat, as a caller would after an outage; for 60 s at most. */
export async function untilFulfilled<T>(call: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + 60_000
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > endMs) throw error
      await sleep(50)
    }
  }
}

function late(what: string, deadlineMs: number, cause: unknown, detail = ''): Error {
  const reason = cause instanceof Error ? `: ${cause.message}` : ''
  const seen = detail === '' ? '' : `: ${detail}`
  return new Error(`not after ${deadlineMs} ms: ${what}${reason}${seen}`, { cause })
}

/** Calls until it is rejected with this text. Each rejection before has the same outcome; it is never fulfilled. */
export async function untilRejected(
  call: () => Promise<unknown>,
  text: RegExp,
  outcome: string,
): Promise<void> {
  for (;;) {
    const error = await call().then(
      () => undefined,
      (reason: unknown) => reason as { readonly message: string; readonly outcome?: string },
    )
    if (error?.outcome !== outcome) throw error ?? new Error('it was fulfilled')
    if (text.test(error.message)) return
  }
}
