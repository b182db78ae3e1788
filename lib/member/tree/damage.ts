/**
 * What a load found in the store that is not as it was written: each thing with its key and one sentence, and what
 * becomes of it. Neighbours: load (finds), keeper (reports), transfer/repair (mends).
 */
import type { Layout } from '../../format/layout.ts'
import { StoreError } from '../../model/errors.ts'
import type { StoreReads } from '../../store/metadata-store.ts'
import type { KeyValue, Revision } from '../../store/types.ts'

/** What a finding is about. */
export type FindingKind =
  /** The record of a znode. */
  | 'znode'
  /** A znode that has descendants, but no record. */
  | 'missing'
  /** The record that counts a znode's creates. */
  | 'child'
  | 'session'
  | 'epochs'
  /** An entry of the journal. */
  | 'entry'
  | 'head'
  /** The tree as a whole: it is not the one that head names. */
  | 'tree'
  /** A key that no proxy writes. */
  | 'foreign'

/** One thing in the store that is not as it was written. */
export interface Finding {
  /** What it is about. */
  readonly kind: FindingKind
  /** Its key, as text; of what is missing, the key that it should have. */
  readonly key: string
  /** Of the znode that it is about. */
  readonly path?: string
  /** Nothing is lost by it. */
  readonly isHarmless?: boolean
  /** One sentence, without its full stop. */
  readonly text: string
  /** What the store has, where there is anything; only for a repair, which saves it. */
  readonly stored?: KeyValue
}

/** Foreign keys that are named; of more, each gap between our key ranges says only that there are. */
const FOREIGN_NAMED_MAX = 10
const JOURNAL_HAS_IT = ', but the journal has all of it'
/** Findings that one message names. */
const NAMED_MAX = 5

export class Damage {
  /** Without foreign keys. */
  readonly findings: Finding[] = []
  /** The first of those found. */
  readonly foreign: Finding[] = []
  /** Foreign keys found; where there are many in one place, not all are looked at. */
  foreignCount = 0
  /** The first key of another tree where this one may have a znode: only one of the two can be served. */
  ambiguous: string | undefined
  /** Why a version that is older than what is stored must not mend it; undefined: nothing of a newer one is here. */
  newer: string | undefined
  /** Findings keep what is stored, for a repair to save. */
  readonly keepsValues: boolean

  constructor(keepsValues = false) {
    this.keepsValues = keepsValues
  }

  /** `stored`: the key with its value. */
  found(
    kind: FindingKind,
    stored: Pick<KeyValue, 'key'> | KeyValue,
    text: string,
    more: Pick<Finding, 'path' | 'isHarmless'> = {},
  ): void {
    const key = Buffer.from(stored.key).toString()
    const kept = this.keepsValues && 'value' in stored ? { stored } : {}
    this.findings.push({ kind, key, text, ...more, ...kept })
  }

  /** The journal is applied: of znodes that can be read now nothing is lost, as it had them. */
  settle(unreadable: ReadonlySet<string>): void {
    for (const [at, finding] of this.findings.entries()) {
      const { kind, path, text } = finding
      if (path === undefined || kind === 'missing' || unreadable.has(path)) continue
      this.findings[at] = { ...finding, text: `${text}${JOURNAL_HAS_IT}`, isHarmless: true }
    }
  }

  /** What a newer version wrote, and what this one can do without. */
  isNewer(key: Uint8Array, { message }: Error): void {
    this.newer ??= `${Buffer.from(key).toString()}: ${message}`
  }

  /** A key that no proxy writes: it is ignored, and never deleted. */
  isForeign({ key }: Pick<KeyValue, 'key'>): void {
    this.foreignCount++
    if (this.foreign.length >= FOREIGN_NAMED_MAX) return
    const name = Buffer.from(key).toString()
    this.foreign.push({ kind: 'foreign', key: name, text: `no proxy writes the key ${name}` })
  }

  /** A key of another tree where this one may have a znode. */
  isAmbiguous(kv: Pick<KeyValue, 'key'>): void {
    this.ambiguous ??= Buffer.from(kv.key).toString()
    this.isForeign(kv)
  }

  /** Keys between those ranges in which proxies write. */
  async lookForForeign(store: StoreReads, layout: Layout, revision: Revision): Promise<void> {
    for (const { start, end } of layout.gaps) {
      const countMax = FOREIGN_NAMED_MAX + 1
      const { kvs } = await store.range({ start, end, revision, countMax, keysOnly: true })
      for (const kv of kvs) this.isForeign(kv)
    }
  }

  /** The first findings, in one line. */
  get summary(): string {
    const named = this.findings.slice(0, NAMED_MAX).map(({ text }) => text)
    const more = this.findings.length - named.length
    return `${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
  }
}

/** What an operator does about what a start refuses. */
export const REPAIR_HINT =
  'run `anykeeper repair --dry-run` for all findings and `anykeeper repair` to mend them, or restore a backup'

/** Why a start is refused. */
export function damaged(message: string): StoreError {
  return new StoreError('STORE_INTERNAL', `damaged: ${message}; ${REPAIR_HINT}`)
}
