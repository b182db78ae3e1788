/**
 * Compares the records in the store (n/, c/, s/ and epochs) with the tree in memory, a page at a time, round after
 * round: what was deleted, altered or invented behind the proxies' back is named, and written again. One live
 * member does it. Neighbours: check-round (how far it is), backlog (what may differ), group-committer (writes).
 */
import type { Clock } from '../../base/clock.ts'
import type { Faults } from '../../base/faults.ts'
import type { KeeperLimits } from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { decodeHead, type HeadRecord } from '../../format/head.ts'
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import type { KeyValue, Revision } from '../../store/types.ts'
import type { Dirty } from '../tree/backlog.ts'
import type { Replica } from '../tree/replica.ts'
import { TreeDigest } from '../tree/tree-digest.ts'
import { CheckRound } from './check-round.ts'
import { isAsWritten, isRecord, parseRecordKey } from './record-key.ts'

/** Of one page. Unit: bytes. */
const PAGE_BYTES_TARGET = 256 * 1024
/** Nothing is known of their size yet. */
const FIRST_PAGE_KEYS = 64
/** How many records a log line names. */
const NAMED_MAX = 10
/** Keys of others that are remembered. */
const FOREIGN_MAX = 1_000

export interface RecordCheckOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
  readonly faults: Faults
  readonly limits: Pick<KeeperLimits, 'recordCheckMs' | 'recordCheckKeysMax'>
  /** The replica as of now: a reload replaces it. */
  readonly replica: () => Replica
  /** Brings the replica to where head is: the revision up to which it has everything. */
  readonly prove: () => Promise<Revision | undefined>
  /** Writes these records behind once more. */
  readonly rewrite: (records: readonly Dirty[]) => void
  /** One of the live members compares. */
  readonly isMyTurn: () => boolean
  /** The replica is not what the journal says, so it is no yardstick: it must be loaded again. */
  readonly onReplicaWrong: (message: string) => void
}

/** A record that is not what it should be. `dirty` undefined: its key is none of ours. */
interface Difference {
  readonly what: 'altered' | 'invented' | 'missing'
  readonly name: string
  readonly dirty: Dirty | undefined
}

export class RecordCheck {
  /** Records compared, those that were not what they should be, and those of them that are written again. */
  readonly counters = { records: 0, differences: 0, rewritten: 0, rounds: 0 }
  readonly #options: RecordCheckOptions
  /** Keys that no proxy writes, as they were named: they stay, and are named once. */
  readonly #foreign = new Set<string>()
  #round: CheckRound | undefined
  #pageKeys = FIRST_PAGE_KEYS
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(options: RecordCheckOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, limits } = this.#options
    if (limits.recordCheckMs <= 0 || this.#stopped) return
    this.#cancel = clock.after(limits.recordCheckMs, () => {
      const step = this.#options.faults.guard(this.#step(), 'the check of records')
      void step.then(() => this.start())
    })
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #step(): Promise<void> {
    const { replica, layout, isMyTurn, logger } = this.#options
    if (!isMyTurn()) {
      this.#round = undefined
      return
    }
    const now = replica()
    if (this.#round?.replica !== now) {
      this.#round = new CheckRound(now, layout, this.counters.rounds)
    }
    const round = this.#round
    try {
      if (round.range !== undefined) await this.#checkPage(round)
      else this.#lookForMissing(round)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      logger.debug({ err: error }, 'records not read, trying again')
    }
  }

  async #checkPage(round: CheckRound): Promise<void> {
    const { store, layout, prove, limits } = this.#options
    const { replica } = round
    const unsettled = replica.backlog.observe()
    try {
      const revision = await prove()
      if (revision === undefined) return
      const [head] = (await store.range({ start: layout.head, revision })).kvs
      const countMax = Math.min(this.#pageKeys, limits.recordCheckKeysMax)
      const page = await store.range({ ...round.range!, revision, countMax })
      if (this.#stopped || this.#options.replica() !== replica) return
      if (!this.#isYardstick(round, head && decodeHead(head.value))) return
      const found: Difference[] = []
      for (const kv of page.kvs) {
        const difference = this.#compare(round, kv, unsettled.has)
        if (difference !== undefined) found.push(difference)
      }
      this.#report(round, found)
      round.passed(page.kvs.at(-1)?.key, page.more)
      this.#learnSize(page.kvs)
    } finally {
      unsettled.end()
    }
  }

  /** Is the replica of the history in the store, as far as it can be shown? Only then does it say what is right. */
  #isYardstick(round: CheckRound, head: HeadRecord | undefined): boolean {
    const { history } = round.replica
    if (head === undefined) return false
    round.isProved = head.chain !== undefined && history.digestAt(head.seq) === head.chain
    const ours = head.check && round.replica.checkAt(head.check.seq)
    if (ours === undefined || ours.digest === head.check?.digest) return true
    this.#options.onReplicaWrong('the tree is not the one that head names')
    return false
  }

  #compare(
    round: CheckRound,
    { key, value }: KeyValue,
    isUnsettled: (kind: Dirty['kind'], name: string) => boolean,
  ): Difference | undefined {
    const { layout } = this.#options
    const dirty = parseRecordKey(layout, key)
    this.counters.records++
    if (dirty === undefined) {
      return this.#foreignKey(key)
    }
    round.seen(dirty)
    if (isUnsettled(dirty.kind, dirty.name)) return undefined
    const state = isAsWritten(round.replica, layout, dirty, value)
    // What is no record may be another tree's: see load-records. It is named, and never deleted.
    if (state === 'invented' && !isRecord(dirty, value)) return this.#foreignKey(key)
    return state === true ? undefined : { what: state, name: nameOf(dirty), dirty }
  }

  /** undefined: it was named before. */
  #foreignKey(key: Uint8Array): Difference | undefined {
    const name = Buffer.from(key).toString()
    if (this.#foreign.has(name) || this.#foreign.size >= FOREIGN_MAX) return undefined
    this.#foreign.add(name)
    return { what: 'invented', name, dirty: undefined }
  }

  /** After all pages: what should have been in one of them. */
  #lookForMissing(round: CheckRound): void {
    const missing = round.nextMissing()
    this.#report(
      round,
      missing.map((dirty) => ({ what: 'missing', name: nameOf(dirty), dirty })),
    )
    if (!round.isOver) return
    this.counters.rounds++
    this.#round = undefined
  }

  #report(round: CheckRound, found: readonly Difference[]): void {
    if (found.length === 0) return
    const { logger, rewrite, onReplicaWrong } = this.#options
    this.counters.differences += found.length
    if (!round.isOwnDigestRight(digestOf)) {
      onReplicaWrong('the tree in memory is not the one that its digest names')
      return
    }
    const ours = found.flatMap(({ dirty }) => (dirty === undefined ? [] : [dirty]))
    const rewritten = round.isProved ? ours.length : 0
    const named = found.slice(0, NAMED_MAX).map(({ what, name }) => `${what}: ${name}`)
    logger.error(
      { records: named.join(', '), differences: found.length, rewritten },
      'records in the store are not as they were written, writing them again',
    )
    if (rewritten === 0) return
    this.counters.rewritten += rewritten
    rewrite(ours)
  }

  #learnSize(kvs: readonly KeyValue[]): void {
    if (kvs.length === 0) return
    let bytes = 0
    for (const { key, value } of kvs) bytes += key.length + value.length
    const fitting = Math.max(1, Math.floor((PAGE_BYTES_TARGET * kvs.length) / bytes))
    // Large ones may follow small ones.
    this.#pageKeys = Math.min(fitting, this.#pageKeys * 2)
  }
}

/** Computed from the znodes as they are, not from their changes. */
function digestOf({ tree }: Replica): bigint {
  const digest = new TreeDigest()
  for (const [path, node] of tree.entries()) digest.add(path, node)
  return digest.value
}

function nameOf({ kind, name }: Dirty): string {
  switch (kind) {
    case 'n':
      return name
    case 'c':
      return `child record of ${name}`
    case 's':
      return `session 0x${name}`
    case 'e':
      return 'epochs'
  }
}
