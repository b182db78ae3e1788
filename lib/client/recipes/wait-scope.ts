/**
 * What ends a wait of a recipe: an AbortSignal, that of the client's view too, a timeout, the end of the session. Neighbours: place (waits),
 * session-end.
 */

import { optionNames } from '../../base/known-options.ts'
import { onAbort } from '../../base/on-abort.ts'
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { readOptions } from './recipe-options.ts'
import { isOver, onSessionEnd } from './session-end.ts'

/** How long a caller waits. */
export interface WaitOptions {
  /** Unit ms, above 0. Then the wait rejects with ZK_OPERATION_TIMEOUT. @default no limit */
  readonly timeoutMs?: number | undefined
  /** Aborted: the wait rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export const WAIT_OPTIONS = optionNames<WaitOptions>({ timeoutMs: true, signal: true })

/** Each read once. @throws {TypeError} the timeout is not above 0; the signal is no AbortSignal; an option that is not known */
export function checkWait(options: unknown): WaitOptions {
  const { timeoutMs, signal } = readOptions<WaitOptions>(options, WAIT_OPTIONS)
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw new TypeError(`timeoutMs must be above 0, got ${String(timeoutMs)}`)
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError('signal must be an AbortSignal')
  }
  return { timeoutMs, signal }
}

/** It knows of no write: what it ends with says `unapplied`. */
export class WaitScope {
  readonly #cancels: (() => void)[] = []
  /** Of what {@link race} waits for. */
  readonly #rejects = new Set<(error: unknown) => void>()
  #isClosed = false
  #error: { readonly cause: unknown } | undefined
  #isAwake = false
  #wakeUp: () => void = () => {}
  /** Something may have changed: {@link woken} resolves. */
  readonly wake = (): void => {
    this.#isAwake = true
    this.#wakeUp()
  }

  /** @throws {TypeError} as checkWait(); the signal's reason, if it is aborted already */
  constructor(client: ZooKeeper, path: string, options: WaitOptions) {
    const { timeoutMs, signal } = checkWait(options)
    const signals = [client.caller.signal, signal].filter((one) => one !== undefined)
    for (const one of signals) one.throwIfAborted()
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      const { errno } = ZK_ERRORS.OPERATION_TIMEOUT
      const late = (): void => this.#fail(new ZnodeError(errno, path, { outcome: 'unapplied' }))
      this.#cancels.push(client.clock.after(timeoutMs, late))
    }
    for (const one of signals) {
      const aborted = (): void => this.#fail(one.reason)
      this.#cancels.push(onAbort(one, aborted))
    }
    const ended = (): void => this.#fail(new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno, path))
    if (isOver(client)) ended()
    else this.#cancels.push(onSessionEnd(client, { whileConnected: false }, ended))
  }

  throwIfEnded(): void {
    if (this.#error !== undefined) throw this.#error.cause
  }

  /** Rejects as the scope does, if that is first. A wait may race any number of times: nothing stays of those that are settled. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#rejects.add(reject)
      promise.then(resolve, reject).finally(() => this.#rejects.delete(reject))
      if (this.#error !== undefined) queueMicrotask(() => reject(this.#error?.cause))
    })
  }

  /** Runs a wait, and rejects as the scope does, if that is first. The scope is closed when the wait has failed. */
  run<T>(wait: () => Promise<T>): Promise<T> {
    const attempt = async (): Promise<T> => {
      try {
        return await wait()
      } catch (error) {
        this.close()
        throw error
      }
    }
    return this.race(attempt())
  }

  /** From here on {@link wake} counts. */
  sleep(): void {
    this.#isAwake = false
  }

  /** Resolves when wake() was called since sleep(). */
  woken(): Promise<void> {
    if (this.#isAwake) return Promise.resolve()
    return this.race(
      new Promise<void>((resolve) => {
        this.#wakeUp = resolve
      }),
    )
  }

  /** Nothing ends it any more. */
  close(): void {
    this.#isClosed = true
    for (const cancel of this.#cancels.splice(0)) cancel()
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return
    this.close()
    this.#error = { cause: error }
    for (const reject of this.#rejects) reject(error)
    this.#rejects.clear()
  }
}
