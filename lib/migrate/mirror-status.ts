/**
 * What the follower knows of the migration, written into the store when it changes, at most once a second. Neighbours: mirror,
 * source-key (guards each change), format/source (the fields).
 */
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { reasonOf } from '../base/reason-of.ts'
import type { SourceDigest, SourceRecord } from '../format/source.ts'
import type { FollowCounters } from './follow-counters.ts'
import { MigrateError } from './migrate-error.ts'
import type { MirrorBounds } from './mirror-bounds.ts'
import type { MirrorWriter } from './mirror-writer.ts'
import type { MemberAddresses } from './quorum-config.ts'
import type { SourceKey } from './source-key.ts'

export interface MirrorStatusOptions {
  readonly key: SourceKey
  readonly clock: Clock
  readonly logger: Logger
  readonly name: string
  readonly bounds: Pick<MirrorBounds, 'statusMs' | 'idleStatusMs'>
  readonly counters: FollowCounters
  readonly writer: () => MirrorWriter | undefined
  /** See {@link MirrorStatus.isOver} and {@link MirrorStatus.gone}. */
  readonly onOver: () => void
  readonly onStatus: ((record: SourceRecord) => void) | undefined
}

const NEW: Omit<SourceRecord, 'servers' | 'quorum'> = {
  ...{ phase: 'following', zxid: 0, received: 0, digest: 'unknown', leader: '', holder: '' },
  ...{ unfollowed: false, lagMs: 0, resyncs: 0, atMs: 0, seq: 0, trouble: '' },
}

export class MirrorStatus {
  /** The tree follows nobody any more. */
  isOver = false
  /** The record that was written is not there any more: nobody has taken over. */
  gone: MigrateError | undefined
  /** Newest batch of any tree so far. */
  seq = 0
  /** Newest zxid that was received, of the tree that there is or is to come. */
  received = 0
  readonly #options: MirrorStatusOptions
  #record!: SourceRecord
  #leader = ''
  /** undefined: nothing is known yet but what the record has. */
  #members: MemberAddresses | undefined
  #unfollowed = false
  #currentMs: number | undefined
  #why: string | undefined
  #writtenMs = Number.NEGATIVE_INFINITY
  #isOurs = false
  #hasEntered = false
  #cancel: (() => void) | undefined
  #writing: Promise<void> = Promise.resolve()
  #stopped = true

  constructor(options: MirrorStatusOptions) {
    this.#options = options
  }

  /** @throws {MigrateError} this place is for another ensemble, or for none any more */
  async enter(
    given: { readonly servers: readonly string[]; readonly quorum?: readonly string[] },
    there: 'mirror' | 'other' | 'none',
  ): Promise<void> {
    const { key, name, bounds } = this.#options
    const { prefix } = key.layout
    const { servers, quorum = [] } = given
    this.#isOurs = false
    const entered = await key.update((record) => {
      if (record === undefined && this.#hasEntered) throw recordGone(prefix)
      if (there === 'other') throw notFollowing(prefix, record)
      this.#isOurs = record === undefined
      const known: SourceRecord = record ?? { ...NEW, servers, quorum }
      if (known.phase !== 'following') throw notFollowing(prefix, record)
      if (!known.servers.some((server) => servers.includes(server))) {
        throw new MigrateError(
          'MIGRATE_OTHER_SOURCE',
          `${prefix} follows ${known.servers.join(',')}: give one of these addresses too, or remove that tree by anykeeper migrate abandon`,
        )
      }
      // Whoever was connected when it was killed could not say so.
      const unfollowed = known.unfollowed || known.leader !== ''
      const { statusMs } = bounds
      return {
        ...known,
        servers,
        quorum,
        statusMs,
        holder: name,
        leader: '',
        trouble: '',
        unfollowed,
      }
    })
    this.#record = entered as SourceRecord
    this.#hasEntered = true
    this.#unfollowed = this.#record.unfollowed
    this.seq = Math.max(this.seq, this.#record.seq)
    this.received = this.#record.received
    this.#currentMs = this.#record.currentMs
    this.#why = this.#record.why
  }

  /** The tree there is not that of the ensemble. */
  get mustCopy(): boolean {
    return this.#record.digest === 'unequal'
  }

  start(): void {
    this.#stopped = false
    this.#arm()
  }

  /** Where members may be reached, as the ensemble says. */
  members(addresses: MemberAddresses): void {
    this.#members = addresses
  }

  connected(leader: string): void {
    this.#leader = leader
  }

  /** All that the ensemble had committed was handed over. `atMs`: when it said so, ms since 1970. */
  current(atMs: number): void {
    this.#currentMs = Math.round(atMs)
    this.#unfollowed = false
  }

  /** `left`: not by the ensemble. `why`: a sentence. */
  disconnected(left: boolean, why?: string): void {
    if (why !== undefined) this.#why = why
    this.#unfollowed ||= left
    this.#leader = ''
  }

  /** Nothing more comes of this feed. */
  ended(): void {
    this.disconnected(this.#leader !== '')
  }

  /** The tree is about to be replaced. */
  async copying(): Promise<void> {
    this.seq++
    const { seq } = this
    await this.#change((record) => {
      const resyncs = record.zxid > 0 ? record.resyncs + 1 : record.resyncs
      return { ...record, seq, resyncs, zxid: 0 }
    })
  }

  /** It is whole. What was wrong before does not count any more. */
  async copied(zxid: number): Promise<void> {
    this.received = zxid
    await this.#change((record) => ({ ...record, zxid, received: zxid, digest: 'unknown' }))
  }

  /** Nothing was written: what we began here is no migration. */
  async undo(): Promise<void> {
    if (!this.#isOurs) return
    await this.#stop()
    await this.#options.key.remove()
  }

  /** Why it ends, for people. */
  async failed(error: unknown): Promise<void> {
    if (this.#stopped) return
    const differs = error instanceof MigrateError && error.code === 'MIGRATE_DIFFERS'
    const trouble = reasonOf(error)
    this.#options.logger.error({ why: trouble }, 'the ensemble is not followed any more')
    await this.#change((record) => {
      return { ...this.#now(record), ...(differs && { digest: 'unequal' }), trouble }
    }).catch(() => {})
  }

  async leave(): Promise<void> {
    if (this.#stopped) return
    await this.#stop()
    await this.#change((record) => ({ ...this.#now(record), holder: '' })).catch(() => {})
  }

  async #stop(): Promise<void> {
    this.#stopped = true
    this.#cancel?.()
    await this.#writing
  }

  #arm(): void {
    const { clock, logger, bounds } = this.#options
    this.#cancel = clock.after(bounds.statusMs, () => {
      this.#writing = this.#write()
        .catch((error: unknown) => logger.debug({ reason: reasonOf(error) }, 'status not written'))
        .finally(() => {
          if (!this.#stopped) this.#arm()
        })
    })
  }

  /** As it is now. */
  #now(before: SourceRecord): SourceRecord {
    const record = this.#members === undefined ? before : { ...before, members: this.#members }
    const { writer: writerOf, counters: counts } = this.#options
    const writer = writerOf()
    const counters = counts.now(writer?.pending ?? 0)
    const seen = {
      ...(this.#currentMs !== undefined && { currentMs: this.#currentMs }),
      ...(this.#why !== undefined && { why: this.#why }),
    }
    const [leader, unfollowed] = [this.#leader, this.#unfollowed]
    // What a writer received and did not write is missing until the ensemble has sent it again.
    this.received = Math.max(this.received, writer?.received ?? 0)
    const { received } = this
    if (writer === undefined) {
      return { ...record, ...seen, leader, unfollowed, received, counters, seq: this.seq }
    }
    const { zxid, verified, waitingSinceMs } = writer
    const lagMs =
      waitingSinceMs === undefined
        ? 0
        : Math.max(0, Math.round(this.#options.clock.now() - waitingSinceMs))
    const digest: SourceDigest = verified > 0 ? 'equal' : record.digest
    return { ...record, ...seen, leader, unfollowed, zxid, received, lagMs, digest, counters }
  }

  async #write(): Promise<void> {
    if (this.#options.writer()?.isOver === true) return this.#end()
    const next = this.#now(this.#record)
    const { clock, bounds } = this.#options
    const isNews = shownOf(next) !== shownOf(this.#record)
    const isDue = clock.monotonic() - this.#writtenMs >= bounds.idleStatusMs
    if (!isNews && (!isDue || next.currentMs === this.#record.currentMs)) return
    await this.#change((record) => this.#now(record), 0)
  }

  async #change(
    change: (record: SourceRecord) => SourceRecord,
    patienceMs?: number,
  ): Promise<void> {
    const { key } = this.#options
    const written = await key.update((record) => {
      if (record === undefined) throw this.#lost(recordGone(key.layout.prefix))
      return record?.phase === 'following' ? change(record) : undefined
    }, patienceMs)
    if (written === undefined) return this.#end()
    this.#record = written
    this.#writtenMs = this.#options.clock.monotonic()
    this.#options.onStatus?.(written)
  }

  #lost(error: MigrateError): MigrateError {
    this.gone = error
    this.#options.onOver()
    return error
  }

  #end(): void {
    this.isOver = true
    this.#options.onOver()
  }
}

/** What is written soon when it changes. */
const shownOf = ({ currentMs: _, ...rest }: SourceRecord): string => JSON.stringify(rest)

function recordGone(prefix: string): MigrateError {
  return new MigrateError(
    'MIGRATE_NOT_FOLLOWING',
    `what was followed into ${prefix} is not in the store any more: it was removed, or the store has an earlier state; anykeeper migrate follow copies the tree again`,
  )
}

function notFollowing(prefix: string, record: SourceRecord | undefined): MigrateError {
  return new MigrateError(
    'MIGRATE_NOT_FOLLOWING',
    record === undefined
      ? `there is a tree below ${prefix} already, an unfinished import, or a proxy that serves it: follow into another prefix or store`
      : `the tree below ${prefix} is taken over: it follows ${record.servers.join(',')} no more`,
  )
}
