/** Why a member that serves while ZooKeeper leads serves nobody, in a sentence, and since when. Neighbour: zookeeper-upstream. */
import type { Logger } from '../../base/log.ts'
import type { SourceRecord } from '../../format/source.ts'
import { StoreError } from '../../model/errors.ts'

export interface ServeFacts {
  /** undefined: not read yet. */
  readonly record: SourceRecord | undefined
  /** Why there is no leader; undefined: there is one. */
  readonly leaderless: string | undefined
  /** Of the replica, and of the ensemble when its leader took us. */
  readonly zxid: number
  readonly joinedZxid: number
  readonly lagMs: number
  readonly lagMsMax: number
}

const hex = (zxid: number): string => `0x${zxid.toString(16)}`

/** undefined: clients can be served. */
export function serveTrouble(facts: ServeFacts): string | undefined {
  const { record, leaderless, zxid, joinedZxid, lagMs, lagMsMax } = facts
  if (record === undefined) return 'the source record is not read yet'
  if (record.digest === 'unequal') return 'the tree is not the one that the ensemble has'
  if (leaderless !== undefined) return leaderless
  if (zxid < joinedZxid) {
    return `the tree is at ${hex(zxid)}, and the ensemble was at ${hex(joinedZxid)} when its leader took us`
  }
  if (lagMs <= lagMsMax) return undefined
  return `the tree is ${Math.round(lagMs)} ms behind the ensemble: is anykeeper migrate follow running?`
}

export interface TroubleWatchOptions {
  readonly logger: Logger
  /** There is a reason that was not there before: all clients are to be disconnected. */
  readonly onTrouble: () => void
  /** The tree is too far behind, and was not before. */
  readonly onLag: () => void
}

/** Notices where trouble begins. */
export class TroubleWatch {
  readonly #options: TroubleWatchOptions
  #isWell = false
  #isLagging = false

  constructor(options: TroubleWatchOptions) {
    this.#options = options
  }

  look(why: string | undefined, isLagging: boolean): void {
    const { logger, onTrouble, onLag } = this.#options
    if (isLagging && !this.#isLagging) onLag()
    this.#isLagging = isLagging
    const wasWell = this.#isWell
    this.#isWell = why === undefined
    if (!wasWell || why === undefined) return
    logger.error({ why }, 'clients cannot be served, disconnecting all of them')
    onTrouble()
  }
}

/** What a client gets then: its connection ends, and nothing was sent. */
export const unavailable = (why: string): StoreError => new StoreError('STORE_UNAVAILABLE', why)
