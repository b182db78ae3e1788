/**
 * Makes room before the store is full: grants what may be written until the next look, and has history compacted once
 * half of a grant is used, while commits continue with the other half. Every member grants to its own requests; one compacts.
 * Neighbours: space-watch (looks), compactor, commit/space-gate (holds requests to the grants).
 */
import type { Faults } from '../../base/faults.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { StoreSpace } from '../../store/types.ts'
import type { SpaceGate } from '../commit/space-gate.ts'
import type { Compactor } from './compactor.ts'

/** Of what the live data leaves, history may take so much: pages that are free are not where they are needed. */
const HISTORY_SHARE = 2 / 3
/** History is compacted above so much of it. */
const COMPACT_SHARE = 1 / 3
/** Of it, so much may be written that the feed has not brought yet: that is history which cannot be given up. */
const UNSEEN_SHARE = 1 / 6
/** Compactions that give up less are not worth their price, while the feed is behind. */
const LEAST_SHARE = 1 / 32
/** A transaction may take so many times its bytes: etcd copies the pages that it changes, and two are in flight. */
const GROWTH = 8
/** Of the pages that are free, so many are in one piece where they are needed. */
const FREE_SHARE = 1 / 4
/** Rounds in a row that made no room, and in which next to nothing was written: there is none. */
const FUTILE_ROUNDS = 10
/** Next to nothing. Unit: bytes. */
const QUIET_BYTES = 64 * 1024

export interface RoomMakerOptions {
  readonly limits: Pick<KeeperLimits, 'spaceReservePercent'>
  readonly faults: Faults
  readonly gate: SpaceGate
  readonly compactor: Pick<Compactor, 'giveUpHistory'>
  /** Looks at the store, and passes what it found to {@link RoomMaker.looked}. undefined: not known. */
  readonly look: () => Promise<StoreSpace | undefined>
  /** Records are yet to be written or deleted, which may make room. */
  readonly hasBacklog: () => boolean
  /** One of the live members compacts. */
  readonly isMyTurn: () => boolean
}

export class RoomMaker {
  readonly #options: RoomMakerOptions
  /** What is in use when no history is; undefined: not known. Unit: bytes. */
  #liveBytes: number | undefined
  #isBusy = false
  #futileRounds = 0
  #stopped = false

  constructor(options: RoomMakerOptions) {
    this.#options = options
  }

  /** `writtenBytes`: the gate's count when the look began. undefined: it is not known what is left. */
  looked(space: StoreSpace | undefined, writtenBytes: number): void {
    const { gate } = this.#options
    const hardBytes = this.#hardBytes(space)
    if (space === undefined || hardBytes === undefined) return gate.grant()
    const { inUseBytes, usedBytes, maxBytes = 0 } = space
    if (this.#liveBytes !== undefined) this.#liveBytes = Math.min(this.#liveBytes, inUseBytes)
    const reserveBytes = maxBytes - hardBytes
    const above = (bytes: number) => Math.max(0, bytes - inUseBytes)
    const { unseenBytes } = gate
    const forHistory =
      this.#liveBytes === undefined
        ? above(hardBytes) / 2
        : above(this.#upTo(hardBytes, HISTORY_SHARE))
    const forUnseen = Math.max(0, this.#shareOf(hardBytes, UNSEEN_SHARE) - unseenBytes)
    const bytes = Math.min(forHistory, forUnseen)
    const smallBytes = above(hardBytes + reserveBytes / 2)
    const unusedBytes = maxBytes - usedBytes
    const growthBytes = unusedBytes + (usedBytes - inUseBytes) * FREE_SHARE
    const txnBytes = Math.min(unusedBytes / 2, growthBytes / GROWTH)
    gate.grant({ bytes, smallBytes, txnBytes }, writtenBytes)
  }

  /** Requests wait, or soon will. */
  needed(): void {
    if (this.#isBusy || this.#stopped) return
    this.#isBusy = true
    // Failed, it made no room: pending requests are refused in their time, or another member compacts.
    void this.#options.faults.guard(this.#round(), 'a round that makes room').then(() => {
      this.#isBusy = false
    })
  }

  stop(): void {
    this.#stopped = true
  }

  async #round(): Promise<void> {
    const { gate, compactor, look, isMyTurn, hasBacklog } = this.#options
    const { writtenBytes } = gate
    const before = await look()
    const hardBytes = this.#hardBytes(before)
    if (before === undefined || hardBytes === undefined) return
    const isMuch = before.inUseBytes >= this.#upTo(hardBytes, COMPACT_SHARE)
    const isBehind = gate.unseenBytes > QUIET_BYTES
    if (!isMuch && (isBehind || gate.waiting === 0)) return
    const leastBytes = isBehind ? this.#shareOf(hardBytes, LEAST_SHARE) : 0
    const outcome = isMyTurn() ? await compactor.giveUpHistory(true, leastBytes) : 'busy'
    if (outcome === 'refused') this.#liveBytes = undefined
    if (outcome === 'done') {
      const after = await look()
      if (after === undefined) return
      this.#liveBytes = Math.max(0, after.inUseBytes - gate.unseenBytes)
      this.looked(after, gate.writtenBytes)
    }
    // What the feed has not brought, and what is to be deleted, may still make room.
    const isFutile =
      outcome !== 'busy' &&
      gate.unseenBytes === 0 &&
      !hasBacklog() &&
      gate.writtenBytes - writtenBytes < QUIET_BYTES
    this.#futileRounds = isFutile && gate.waiting > 0 ? this.#futileRounds + 1 : 0
    if (this.#futileRounds >= FUTILE_ROUNDS) gate.exhausted()
  }

  /** Requests that make the tree larger may fill it up to here. undefined: nothing is bounded. */
  #hardBytes(space: StoreSpace | undefined): number | undefined {
    const { spaceReservePercent } = this.#options.limits
    // Full, it refuses writes itself, and takes them again on its own terms.
    if (space?.maxBytes === undefined || !space.hasHistory || space.isFull) return undefined
    return spaceReservePercent === 0 ? undefined : space.maxBytes * (1 - spaceReservePercent / 100)
  }

  /** Live data, and this share of what it leaves. */
  #upTo(hardBytes: number, share: number): number {
    return (this.#liveBytes ?? 0) + this.#shareOf(hardBytes, share)
  }

  #shareOf(hardBytes: number, share: number): number {
    return Math.max(0, hardBytes - (this.#liveBytes ?? 0)) * share
  }
}
