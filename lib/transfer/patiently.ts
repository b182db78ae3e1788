/**
 * Calls to a store that does not answer for a while, made again until it does: for commands that one late answer would end.
 * Neighbours: import-marker, export, repair, which call so; migrate/source-key, whose attempts also read what is to be changed.
 */
import type { Clock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { StoreError } from '../model/errors.ts'
import type { StoreReads } from '../store/metadata-store.ts'

/** How long a call is made again while the store does not answer, unless given. Unit: ms. */
export const STORE_MS_DEFAULT = 30_000
/** Between two of them: a pace, which ends nothing. Unit: ms. */
const PAUSE_MS_MIN = 50
const PAUSE_MS_MAX = 2_000

export interface Patience {
  readonly clock: Clock
  /** Of each call, from its first time on. Unit: ms. @default {@link STORE_MS_DEFAULT} */
  readonly storeMs?: number | undefined
}

/** `ask` is called for storeMs while its failure is one that may pass and has changed nothing. @throws what it throws last */
export async function patiently<T>(ask: () => Promise<T>, patience: Patience): Promise<T> {
  const { clock, storeMs = STORE_MS_DEFAULT } = patience
  const endMs = clock.monotonic() + storeMs
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    try {
      return await ask()
    } catch (error) {
      const mayPass = error instanceof StoreError && error.retriable
      if (!mayPass || clock.monotonic() + pauseMs > endMs) throw error
    }
    await pause(clock, pauseMs)
  }
}

/** The reads of a store, each {@link patiently}. It has no writes: one of unknown outcome is not to be made again. */
export function patientReads(store: StoreReads, patience: Patience): StoreReads {
  return { range: (query) => patiently(() => store.range(query), patience) }
}
