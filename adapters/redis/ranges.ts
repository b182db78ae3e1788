/**
 * Ranges, in pages so that none occupies the server for long. A range of several pages is read as
 * of its first page's revision. Neighbours: past.ts (older revisions), requests.ts, lua.ts.
 */
import type { Clock } from '../../lib/base/clock.ts'
import { StoreError } from '../../lib/model/errors.ts'
import { compareBytes, NO_BYTES } from '../../lib/store/bytes.ts'
import type { Key, KeyValue, RangeQuery, RangeResult, Revision } from '../../lib/store/types.ts'
import type { Dataset } from './dataset.ts'
import type { Link } from './link.ts'
import { History, type Past } from './past.ts'
import { isLarge, readRecord } from './records.ts'
import { rangeArgs } from './requests.ts'
import { SCRIPTS } from './scripts.ts'

export interface RangesOptions {
  readonly dataset: Dataset
  readonly link: Link
  readonly clock: Clock
  readonly readTimeoutMs: number
}

const PAGE_KEYS_MAX = 2_000
const PAGE_BYTES_MAX = 4 * 2 ** 20
/** How long a history is kept for the next page. Unit: ms. */
const HISTORY_KEPT_MS = 30_000

type Span = Pick<RangeQuery, 'start' | 'end' | 'descending' | 'keysOnly'>

interface Page extends RangeResult {
  readonly compacted: Revision
}

export class Ranges {
  readonly #options: RangesOptions
  #history: History | undefined
  #cancelForget = (): void => {}

  constructor(options: RangesOptions) {
    this.#options = options
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    const { countMax = Number.POSITIVE_INFINITY, revision } = query
    if (revision) return this.#asOf(revision, query, countMax)
    const { kvs, more, revision: first } = await this.#page(query, countMax)
    if (!more || kvs.length >= countMax) return { kvs, more, revision: first }
    const rest = await this.#asOf(first, behind(query, kvs), countMax - kvs.length)
    return { kvs: [...kvs, ...rest.kvs], more: rest.more, revision: first }
  }

  /** Drops the history. */
  forget(): void {
    this.#cancelForget()
    this.#history = undefined
  }

  async #page(span: Span, countMax: number): Promise<Page> {
    const { dataset, link, readTimeoutMs } = this.#options
    const limits = { countMax: Math.min(countMax, PAGE_KEYS_MAX), bytesMax: PAGE_BYTES_MAX }
    const [revision, compacted, more, ...parts] = await link.run(readTimeoutMs, (c) =>
      dataset.call(c, SCRIPTS.range, ...rangeArgs(span, limits)),
    )
    const kvs = readPage(parts as readonly Buffer[], span.keysOnly === true)
    return { kvs, more: more === 1, revision: revision as number, compacted: compacted as number }
  }

  async #asOf(revision: Revision, span: Span, countMax: number): Promise<RangeResult> {
    const kvs: KeyValue[] = []
    let left = span
    let page: Page
    do {
      // One key more than requested shows whether there are more.
      page = await this.#page(left, countMax + 1 - kvs.length)
      this.#assertReadable(revision, page)
      kvs.push(...(await this.#undone(revision, page, left)))
      if (page.more) left = behind(left, page.kvs)
    } while (page.more && kvs.length <= countMax)
    const more = kvs.length > countMax
    return { kvs: more ? kvs.slice(0, countMax) : kvs, more, revision: page.revision }
  }

  #assertReadable(revision: Revision, { revision: newest, compacted }: Page): void {
    if (revision < compacted || this.#options.dataset.isLost(revision)) {
      throw new StoreError('STORE_COMPACTED', `redis: revision ${revision} has been compacted`, {
        compactRevision: compacted,
      })
    }
    if (revision > newest) {
      throw new StoreError('STORE_INVALID', `redis: revision ${revision} is in the future`)
    }
  }

  /** The part of `span` that the page covers, as of `revision`. */
  async #undone(revision: Revision, page: Page, span: Span): Promise<readonly KeyValue[]> {
    if (page.revision === revision) return page.kvs
    const { link, readTimeoutMs } = this.#options
    const history = this.#historyOf(revision)
    await link.run(readTimeoutMs, (c) => history.learn(c, page.revision))
    const unchanged = page.kvs.filter(({ key }) => history.of(key) === undefined)
    const changed = pastsOf(history, page, span).filter(({ kv }) => kv !== undefined)
    if (changed.length === 0) return unchanged
    const before = span.keysOnly
      ? changed.map(({ kv }) => ({ ...kv!, value: NO_BYTES }))
      : await link.run(readTimeoutMs, (c) => history.complete(c, changed))
    const sign = span.descending ? -1 : 1
    return [...unchanged, ...before].sort((a, b) => sign * compareBytes(a.key, b.key))
  }

  #historyOf(revision: Revision): History {
    if (this.#history?.revision !== revision) {
      this.#history = new History(this.#options.dataset, revision)
    }
    this.#cancelForget()
    this.#cancelForget = this.#options.clock.after(HISTORY_KEPT_MS, () => this.forget())
    return this.#history
  }
}

/** `parts` repeats: key, record and, if the record has one, its large value. */
function readPage(parts: readonly Buffer[], keysOnly: boolean): KeyValue[] {
  const kvs: KeyValue[] = []
  for (let i = 0; i < parts.length; ) {
    const [key, record] = [parts[i++]!, parts[i++]!]
    const large = isLarge(record) && !keysOnly ? parts[i++] : undefined
    kvs.push(readRecord(key, record, large))
  }
  return kvs
}

/** The rest of the span after `kvs`, its first keys. */
function behind(span: Span, kvs: readonly KeyValue[]): Span {
  const last = kvs.at(-1)!.key
  return span.descending ? { ...span, end: last } : { ...span, start: next(last) }
}

/** The smallest key above. */
function next(key: Key): Key {
  return Buffer.concat([key, Buffer.from([0])])
}

function pastsOf(history: History, { kvs, more }: Page, span: Span): Past[] {
  const { start, end, descending } = span
  if (end === undefined) {
    const past = history.of(start)
    return past === undefined ? [] : [past]
  }
  if (!more) return history.within(start, end)
  const last = kvs.at(-1)!.key
  return descending ? history.within(last, end) : history.within(start, next(last))
}
