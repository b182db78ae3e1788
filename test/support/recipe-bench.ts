/**
 * What the tests of the recipes share: clients on members of a livenessBench, what a line holds, and a record of all
 * holders from which two at the same time, or a token that does not grow, is found.
 */
import { expect } from 'chai'
import type { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import {
  type ClientOptions,
  connect as connectTo,
  type Held,
  type ZnodeError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { cutBehindNextBatch } from './cut-store.ts'
import { type Member, TIMEOUT_MS } from './liveness-bench.ts'
import type { ManualClock } from './manual-clock.ts'

export const PATH = '/line'

const STEP_MS = 250
/** On until `ms` have passed, in steps. */
export async function passTime(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= STEP_MS) await clock.advance(STEP_MS)
}

export function connect(
  { keeper }: Member,
  options: Pick<ClientOptions, 'renew' | 'retryMs'> = {},
): Promise<ZooKeeper> {
  return connectTo(keeper, { ...options, timeoutMs: TIMEOUT_MS })
}

/** Names of the contenders, as this member sees them. */
export async function contenders(client: ZooKeeper, path = PATH): Promise<readonly string[]> {
  if ((await client.exists(path)) === undefined) return []
  return (await client.getChildren(path)).children
}

/** How a promise settled, as a word; 'pending' if it has not. */
export function outcomeOf(promise: Promise<unknown>): { readonly now: string } {
  const outcome = { now: 'pending' }
  promise.then(
    () => {
      outcome.now = 'done'
    },
    (error: Partial<ZnodeError> & Error) => {
      outcome.now = typeof error.code === 'string' ? error.code : error.name
    },
  )
  return outcome
}

/** The member's next batch is applied, and its answer waits behind an outage that begins then. */
export function cutBehindNextTxn({ store }: Member, backend: MemoryBackend): void {
  cutBehindNextBatch(store, openMemoryStore({ backend }))
}

/** Everyone that has held; what they say is compared at each entry. */
export class Holders {
  readonly tokens: number[] = []
  readonly #held = new Set<Held>()

  /** @throws another one holds at the same time, or has a newer token */
  add(held: Held): Held {
    for (const other of this.#held) {
      expect(other.isHeld && held.isHeld, `tokens ${other.token} and ${held.token}`).to.equal(false)
    }
    expect(held.token).to.be.greaterThan(this.tokens.at(-1) ?? 0)
    this.tokens.push(held.token)
    this.#held.add(held)
    return held
  }
}
