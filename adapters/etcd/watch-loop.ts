/**
 * A watch that outlives its streams. After a failure it opens a stream on the next member and
 * resumes after the last delivered revision, known only from events and trusted progress.
 * Neighbour: watch-stream.ts. Why not the driver's Watcher: DESIGN.md.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { pause } from '../../lib/base/pause.ts'
import { StoreError } from '../../lib/model/errors.ts'
import type { WatchBatch, WatchOptions } from '../../lib/store/types.ts'
import { isMemberFailure, isRefusedLogin, toStoreError, wantsNewToken } from './errors.ts'
import type { Member } from './member.ts'
import type { Members } from './members.ts'
import { WatchStream } from './watch-stream.ts'

export interface WatchLoopDeps {
  readonly members: Members
  readonly clock: Clock
  /** Unit: ms. */
  readonly progressMs: number
  readonly trustManualProgress: boolean
  readonly checkCluster: (clusterId: string) => void
  /** Each time a stream is opened. */
  readonly onOpen: (member: Member) => void
  /** Aborted when the store closes. */
  readonly closed: AbortSignal
}

/**
 * Unanswered progress requests before a stream is abandoned; doubles while reopening is in vain.
 */
const UNANSWERED_MAX = 3
const UNANSWERED_DOUBLINGS_MAX = 3
/** Pauses before reopening, by streams in vain. Unit: ms. The first is immediate. */
const REOPEN_PAUSES_MS = [0, 50, 200, 500, 1_000, 2_000]

export async function* watchLoop(
  deps: WatchLoopDeps,
  options: WatchOptions,
): AsyncGenerator<WatchBatch> {
  const { members, clock, closed } = deps
  const ended = AbortSignal.any([options.signal, closed])
  let next = options.fromRevision
  /** Streams in a row that received nothing after their creation. */
  let fruitless = 0
  let exactStart = false
  while (!ended.aborted) {
    const member = members.current()
    deps.onOpen(member)
    let stream: WatchStream | undefined
    const onEnded = (): void => stream?.cancel()
    try {
      const duplex = await member.openWatch()
      stream = new WatchStream(duplex, {
        ...deps,
        start: options.start,
        end: options.end,
        fromRevision: next,
        exactStart,
        unansweredMax: UNANSWERED_MAX * 2 ** Math.min(fruitless, UNANSWERED_DOUBLINGS_MAX),
      })
      ended.addEventListener('abort', onEnded)
      if (ended.aborted) stream.cancel()
      for await (const batch of stream.batches) {
        if (stream.answers > 0) fruitless = 0
        next = batch.revision + 1
        yield batch
      }
    } catch (cause) {
      const error = toStoreError(cause)
      members.streamFailed(member, error)
      if (error.code === 'STORE_COMPACTED' && error.compactRevision === next && !exactStart) {
        // Only the extra revision, requested for the sake of progress answers, is compacted.
        exactStart = true
        continue
      }
      exactStart = false
      if (!isTransient(error)) throw error
      await pause(clock, REOPEN_PAUSES_MS[Math.min(fruitless, REOPEN_PAUSES_MS.length - 1)]!, ended)
      fruitless += 1
    } finally {
      ended.removeEventListener('abort', onEnded)
      stream?.cancel()
    }
  }
  if (closed.aborted && !options.signal.aborted) {
    throw new StoreError('STORE_CLOSED', 'the store is closed')
  }
}

function isTransient(error: StoreError): boolean {
  return isMemberFailure(error) || wantsNewToken(error) || isRefusedLogin(error)
}
