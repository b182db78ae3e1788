/** Every bound of writing what an ensemble commits, by name. Neighbours: mirror, follower-lease, source-bounds. */
import { badArgument } from '../client/arguments.ts'

export interface MirrorBounds {
  /** Transactions that wait for the store. The feed holds what comes beyond them. */
  readonly pendingMax: number
  /** None of them was settled for so long: the tree is loaded again, and followed from where it is. Unit ms. */
  readonly stallMs: number
  /** How long a follower that was killed still keeps its place. Unit ms. */
  readonly leaseMs: number
  /** Between two looks while another one follows. Unit ms. */
  readonly leaseLookMs: number
  /** The longest pause before the feed is opened again. Unit ms. */
  readonly againMsMax: number
  /** For how long the store is tried again where it does not answer, unless transactions wait for it. Unit ms. */
  readonly storeMs: number
  /** Between two writes of the status, where something has changed. Unit ms. */
  readonly statusMs: number
  /** The same where nothing has but that the ensemble was there. Unit ms. */
  readonly idleStatusMs: number
}

/** Bounds of a follower, unless given. */
export const MIRROR_BOUNDS: MirrorBounds = {
  pendingMax: 4_096,
  stallMs: 60_000,
  leaseMs: 6_000,
  leaseLookMs: 500,
  againMsMax: 30_000,
  storeMs: 30_000,
  statusMs: 1_000,
  idleStatusMs: 5_000,
}

const NAMES = Object.keys(MIRROR_BOUNDS) as (keyof MirrorBounds)[]

/** Those of a follower. @throws {ZnodeError} ZK_BAD_ARGUMENTS: one that is not a positive integer */
export function mirrorBounds(given: Partial<MirrorBounds> = {}): MirrorBounds {
  const bounds = { ...MIRROR_BOUNDS, ...given }
  for (const name of NAMES) {
    const value = bounds[name]
    if (!Number.isSafeInteger(value) || value < 1) throw badArgument(`${name} must be positive`)
  }
  return bounds
}
