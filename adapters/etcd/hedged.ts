/**
 * One call, on one member after the other, and the first answer counts: while a try is late another one is begun beside
 * it, so a member that is slow is given its time, and one that hangs costs none. Neighbours: etcd-store, lease-stream.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { deadline } from '../../lib/base/deadline.ts'
import type { StoreError } from '../../lib/model/errors.ts'
import { isMemberFailure, toStoreError, wantsNewToken } from './errors.ts'

export interface HedgedCall<T> {
  readonly clock: Clock
  /** One try, which ends by its own deadline. */
  readonly run: () => Promise<T>
  /** After so long the newest of so many tries is late. undefined: no further one is begun beside it. Unit ms. */
  readonly lateMs: (tries: number) => number | undefined
  /** It is: the next try goes to another member. */
  readonly onLate: () => void
  /** A member failed with this, or refused the token of a stream: does another try follow immediately? */
  readonly followedBy: (error: StoreError, tries: number) => boolean
}

/** @throws {StoreError} what the last pending try failed with, or what is not the failure of a member */
export function hedged<T>({ clock, run, lateMs, onLate, followedBy }: HedgedCall<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let tries = 0
    let pending = 0
    let isSettled = false
    let cancelLate = (): void => {}
    const settle = (how: () => void): void => {
      isSettled = true
      cancelLate()
      how()
    }
    const attempt = (): void => {
      cancelLate()
      tries++
      pending++
      run().then(
        (answer) => settle(() => resolve(answer)),
        (cause: unknown) => {
          pending--
          if (isSettled) return
          const error = toStoreError(cause)
          if (!isMemberFailure(error) && !wantsNewToken(error)) settle(() => reject(error))
          else if (followedBy(error, tries)) attempt()
          else if (pending === 0) settle(() => reject(error))
        },
      )
      const ms = lateMs(tries)
      if (ms === undefined) return
      cancelLate = deadline(clock, ms, () => {
        onLate()
        attempt()
      })
    }
    attempt()
  })
}
