/**
 * The journal part of a load: entries that all records have are only remembered, the others are replayed.
 * Neighbours: load (reads the pages), damage (what cannot be used).
 */
import { reasonOf } from '../../base/reason-of.ts'
import { type Digest, digestOfEntry, showDigest } from '../../format/digest.ts'
import type { HeadRecord } from '../../format/head.ts'
import { decodeBatch, decodeHeader } from '../../format/journal.ts'
import type { Layout } from '../../format/layout.ts'
import type { Batch } from '../../format/ops.ts'
import { isTooNew, throwTooNew } from '../../format/too-new.ts'
import type { KeyValue } from '../../store/types.ts'
import { type Damage, damaged } from './damage.ts'
import type { RecentEntries } from './recent-entries.ts'
import type { Replica } from './replica.ts'

export class JournalReplay {
  /** The newest batch that changed the tree: what head says of the tree holds from there on. */
  changedSeq = 0
  readonly #replica: Replica
  readonly #head: HeadRecord
  readonly #layout: Layout
  readonly #damage: Damage
  /** Continue behind what cannot be used, and say so; otherwise that is an error. */
  readonly #salvages: boolean

  constructor(
    replica: Replica,
    head: HeadRecord,
    options: { readonly layout: Layout; readonly damage: Damage; readonly salvages: boolean },
  ) {
    this.#replica = replica
    this.#head = head
    this.#layout = options.layout
    this.#damage = options.damage
    this.#salvages = options.salvages
    replica.flushed = head.flushed
    replica.seq = head.flushed
    replica.zxid = head.zxid
  }

  /** The next one, in the order of their keys. */
  entry(stored: KeyValue): void {
    const seq = this.#layout.batchOf(stored.key)
    if (seq === undefined) this.#damage.isForeign(stored)
    else if (seq <= this.#head.flushed) this.#remember(seq, stored)
    else this.#replay(seq, stored)
  }

  /** All were there. */
  end(): void {
    const { seq, history, journal } = this.#replica
    const head = this.#head
    if (seq !== head.seq) {
      this.#refuse(
        `journal ends at batch ${seq}, but head says ${head.seq}: entries under j/ are missing`,
      )
    }
    journal.flushedTo(head.flushed)
    const end: Digest | undefined = history.digestAt(seq)
    if (end === undefined) history.begin(seq, head.chain, head.zxid)
    if (seq === head.seq && head.chain !== undefined && end !== undefined && head.chain !== end) {
      this.#refuse(`batch ${seq} is ${showDigest(end)}, but head says ${showDigest(head.chain)}`)
    }
    this.#replica.zxid = Math.max(head.zxid, this.#salvages ? this.#replica.zxid : 0)
  }

  /** All records have it: it only shows which history this is, and nothing is lost without it. */
  #remember(seq: number, stored: KeyValue): void {
    const { history, journal, recent } = this.#replica
    const { value } = stored
    try {
      const header = decodeHeader(value)
      if (header.seq !== seq) throw new Error(`it says that it is batch ${header.seq}`)
      const digest = digestOfEntry(value)
      const before = history.digestAt(seq - 1)
      if (isOther(header.previous, before))
        this.#unusable(seq - 1, stored, 'the next one follows another')
      journal.add(seq, value.length)
      if (isOther(header.previous, before)) {
        history.begin(seq, digest, header.zxid)
        recent?.restart(seq - 1)
      } else history.found(seq, digest, header.zxid)
      if (recent !== undefined) keep(recent, value)
      const isNewest = header.zxid === this.#head.zxid && this.#head.mirrors === true
      if (isNewest) this.#replica.noteNewest(decodeBatch(value))
    } catch (error) {
      // It stays as it is: whoever wrote it may come back.
      if (isTooNew(error)) this.#damage.isNewer(this.#layout.journalEntry(seq), error)
      else this.#unusable(seq, stored, reasonOf(error))
    }
  }

  #unusable(seq: number, stored: KeyValue, why: string): void {
    const text = `entry ${seq} of the journal cannot be used, but the records have all of it: ${why}`
    const key = this.#layout.journalEntry(seq)
    this.#damage.found('entry', { ...stored, key }, text, { isHarmless: true })
  }

  #replay(seq: number, stored: KeyValue): void {
    const replica = this.#replica
    const { value } = stored
    let batch: Batch
    try {
      batch = decodeBatch(value)
      if (batch.seq !== seq) throw new Error(`it says that it is batch ${batch.seq}`)
    } catch (error) {
      throwTooNew(error, stored.key)
      const text = `entry ${seq} of the journal cannot be read (${reasonOf(error)}), and the records lack it`
      if (!this.#salvages) throw damaged(text)
      this.#damage.found('entry', stored, text)
      return
    }
    if (seq !== replica.seq + 1) {
      this.#refuse(
        `journal jumps from batch ${replica.seq} to ${seq}: entries under j/ are missing`,
      )
      // Operations hold absolute values: what follows a gap can be applied.
      replica.seq = seq - 1
    }
    this.#compareChain(batch)
    replica.replay(batch, { encoded: value, digest: digestOfEntry(value), attempt: 0 })
    if (batch.txns.some(({ ops }) => ops.length > 0)) this.changedSeq = seq
  }

  #compareChain({ seq, previous }: Batch): void {
    const { history } = this.#replica
    const end = history.digestAt(seq - 1)
    if (!isOther(previous, end)) return
    if (seq - 1 <= this.#head.flushed) {
      // The records have that one, so this one is no worse off without it.
      const text = `entry ${seq - 1} of the journal is not the one that the next one follows`
      const key = this.#layout.journalEntry(seq - 1)
      this.#damage.found('entry', { key }, text, { isHarmless: true })
      history.begin(seq - 1, previous, history.zxidAt(seq - 1) ?? 0)
      return
    }
    const [mine, theirs] = [end as Digest, previous as Digest]
    this.#refuse(
      `batch ${seq} follows a batch ${showDigest(theirs)}, but ${showDigest(mine)} is there`,
    )
  }

  #refuse(message: string): void {
    if (!this.#salvages) throw damaged(message)
    this.#damage.found('head', { key: this.#layout.head }, message)
  }
}

/** For change feeds. What a session owned that ended without naming it is not known any more. */
function keep(recent: RecentEntries, value: Uint8Array): void {
  const batch = decodeBatch(value)
  recent.add(batch, value)
  const isNamed = batch.txns.every(({ ops }) => ops.every(({ type }) => type !== 'endSession'))
  if (!isNamed) recent.restart(batch.seq)
}

function isOther(previous: Digest | undefined, known: Digest | undefined): boolean {
  return previous !== undefined && known !== undefined && previous !== known
}
