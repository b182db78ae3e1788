/**
 * The state as of an older revision: the newest state with the feed's later changes undone. A load
 * reads many pages of one revision, so what was learned for one page serves the next.
 * Neighbours: ranges.ts (pages of the newest state), records.ts (changes and what was before).
 */
import { StoreError } from '../../lib/model/errors.ts'
import { bytesId, compareBytes, NO_BYTES } from '../../lib/store/bytes.ts'
import type { Key, KeyValue, Revision } from '../../lib/store/types.ts'
import { lowerBound } from '../mvcc/key-index.ts'
import type { Dataset } from './dataset.ts'
import { FEED } from './keys.ts'
import type { Commands } from './link.ts'
import { PageSize } from './page-size.ts'
import { type Change, type Entry, readEntries, type StreamReply } from './records.ts'

/** The state of a key as of the revision; its newest state is later. */
export interface Past {
  readonly key: Key
  readonly kv: KeyValue | undefined
  readonly isValueElsewhere: boolean
}

export class History {
  readonly revision: Revision
  readonly #dataset: Dataset
  /** The feed is known up to here. */
  #upTo: Revision
  /** Nothing has been read yet: the next entry must prove that `revision` is there. */
  #isNew = true
  /** Keys changed after the revision, as of it. */
  readonly #pasts = new Map<string, Past>()
  #sorted: Past[] | undefined
  readonly #pageSize = new PageSize()
  #learning: Promise<void> = Promise.resolve()

  constructor(dataset: Dataset, revision: Revision) {
    this.#dataset = dataset
    this.revision = revision
    this.#upTo = revision
  }

  /**
   * Reads the feed up to `revision` at least. Calls run one after the other.
   * @throws {StoreError} STORE_COMPACTED when the feed does not reach back so far
   */
  learn(commands: Commands, revision: Revision): Promise<void> {
    const learned = this.#learning.catch(() => {}).then(() => this.#learn(commands, revision))
    this.#learning = learned
    return learned
  }

  async #learn(commands: Commands, revision: Revision): Promise<void> {
    while (this.#upTo < revision) {
      const from = this.#isNew ? `${this.#upTo}-0` : `(${this.#upTo}-0`
      const args = [this.#dataset.keys[FEED]!, from, '+', 'COUNT', this.#pageSize.entries]
      const entries = readEntries((await commands.command('XRANGE', ...args)) as StreamReply)
      if (entries.length === 0) throw this.#gone()
      for (const entry of entries) this.#undo(entry)
      this.#pageSize.weigh(entries)
    }
  }

  /** The key's state as of the revision; undefined: it was not changed after it. */
  of(key: Key): Past | undefined {
    return this.#pasts.get(bytesId(key))
  }

  /** The changed keys of [start, end), in order. */
  within(start: Key, end: Key): Past[] {
    this.#sorted ??= [...this.#pasts.values()].sort((a, b) => compareBytes(a.key, b.key))
    const first = lowerBound(this.#sorted, start)
    return this.#sorted.slice(first, lowerBound(this.#sorted, end))
  }

  /** The states of those that existed, with the values that only the feed has. */
  async complete(commands: Commands, pasts: readonly Past[]): Promise<KeyValue[]> {
    const kvs = pasts.map(async ({ kv, isValueElsewhere }) => {
      if (kv === undefined || !isValueElsewhere) return kv
      return { ...kv, value: await this.#valueOf(commands, kv) }
    })
    return (await Promise.all(kvs)).filter((kv) => kv !== undefined)
  }

  async #valueOf(commands: Commands, { key, modRevision }: KeyValue): Promise<Uint8Array> {
    const id = `${modRevision}-0`
    const reply = await commands.command('XRANGE', this.#dataset.keys[FEED]!, id, id)
    for (const entry of readEntries(reply as StreamReply)) {
      for (const { event } of entry.changes) {
        if (event.type === 'put' && compareBytes(event.kv.key, key) === 0) return event.kv.value
      }
    }
    throw this.#gone()
  }

  #undo(entry: Entry): void {
    const isStart = this.#isNew && entry.revision === this.revision
    if (!isStart && entry.previous !== this.#upTo) throw this.#gone()
    this.#isNew = false
    this.#upTo = entry.revision
    if (isStart) return
    for (const change of entry.changes) this.#note(change)
  }

  #note({ event, before, isValueElsewhere }: Change): void {
    const key = event.type === 'put' ? event.kv.key : event.key
    const id = bytesId(key)
    if (this.#pasts.has(id)) return
    // Copies, as a view would keep the whole page in memory.
    const kv =
      before === undefined
        ? undefined
        : { ...before, key: Buffer.from(key), value: copyOf(before.value) }
    this.#pasts.set(id, { key: kv?.key ?? Buffer.from(key), kv, isValueElsewhere })
    this.#sorted = undefined
  }

  #gone(): StoreError {
    return new StoreError(
      'STORE_COMPACTED',
      `redis: revision ${this.revision} is no longer in the server's history`,
    )
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  return bytes.length === 0 ? NO_BYTES : Buffer.from(bytes)
}
