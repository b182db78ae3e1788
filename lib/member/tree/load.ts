/**
 * Builds a replica from the store: every record at one revision, in pages, then the journal that is
 * ahead of them. Neighbours: feed (continues from here), load-records and load-journal (one part each), damage.
 */

import type { KeeperLimits } from '../../base/limits.ts'
import { reasonOf } from '../../base/reason-of.ts'
import { digestOfEntry, showDigest } from '../../format/digest.ts'
import { decodeHead, type HeadRecord } from '../../format/head.ts'
import { decodeHeader } from '../../format/journal.ts'
import { Layout } from '../../format/layout.ts'
import { decodeImport, decodeProxy, type ProxyRecord } from '../../format/record.ts'
import { decodeSource, type SourceRecord } from '../../format/source.ts'
import { throwTooNew } from '../../format/too-new.ts'
import { unfinishedImport, unfinishedMirror } from '../../format/unfinished.ts'
import { StoreError } from '../../model/errors.ts'
import type { StoreReads } from '../../store/metadata-store.ts'
import { type PageBounds, pages } from '../../store/pages.ts'
import type { KeyValue, Revision } from '../../store/types.ts'
import { Damage, damaged } from './damage.ts'
import type { DataTree } from './data-tree.ts'
import type { JournalKept } from './journal-tail.ts'
import { JournalReplay } from './load-journal.ts'
import { RecordLoader } from './load-records.ts'
import type { RecentEntries } from './recent-entries.ts'
import { Replica } from './replica.ts'

export interface Loaded {
  readonly replica: Replica
  /** The state is the store's as of this revision: watch from the next one. */
  readonly revision: Revision
  /** Head's value, which guards the next commit; undefined when there is none. */
  readonly head: Uint8Array | undefined
  readonly proxies: ReadonlyMap<string, ProxyRecord>
  /** What was not as it was written. */
  readonly damage: Damage
  /** The ZooKeeper ensemble that it comes from; undefined: from none, or that is long ago. */
  readonly source: SourceRecord | undefined
}

export interface LoadOptions {
  readonly bounds: PageBounds & Pick<KeeperLimits, 'unreadableMax'>
  /** Load a tree that is not the one that head names, too. @default false */
  readonly acceptDamage?: boolean
  /**
   * For people, not for serving: everything that can be read is loaded, whatever is wrong, and findings keep what is
   * stored. @default false
   */
  readonly salvages?: boolean
  /** Called with what was accepted. */
  readonly onDamage?: (message: string) => void
  /** Of a member: the journal's entries are kept there too, for its change feeds. */
  readonly recent?: () => RecentEntries
  /** Of a member: how much of the journal it leaves in the store. */
  readonly journalKept?: JournalKept
  /** Called while the tree grows: throws when there is no room for more. */
  readonly onProgress?: (tree: DataTree) => void
}

/** A load that meets a compaction is begun again, at the newest revision. So many times in all. */
const LOADS_MAX = 5

/**
 * Records that cannot be read are quarantined: see {@link DataTree.unreadable}.
 * @throws {StoreError} STORE_COMPACTED when each of {@link LOADS_MAX} loads took longer than history is kept;
 * STORE_UNAVAILABLE, not retriable, when half a tree is there, of an import that is not finished;
 * STORE_INTERNAL when records, journal and head do not belong together; STORE_UNSUPPORTED when a newer version wrote
 * anything of what is needed.
 */
export async function loadReplica(
  store: StoreReads,
  layout: Layout,
  options: LoadOptions,
): Promise<Loaded> {
  for (let loads = 1; ; loads++) {
    try {
      return await loadAtOneRevision(store, layout, options)
    } catch (error) {
      const isCompacted = error instanceof StoreError && error.code === 'STORE_COMPACTED'
      if (!isCompacted || loads === LOADS_MAX) throw error
    }
  }
}

async function loadAtOneRevision(
  store: StoreReads,
  layout: Layout,
  options: LoadOptions,
): Promise<Loaded> {
  const { bounds, salvages = false } = options
  const acceptsDamage = salvages || options.acceptDamage === true
  const damage = new Damage(salvages)
  const quarantineChildren = (path: string): void => {
    tree.loadUnreadable(path)
    const text = `the child record of znode ${path} is missing or behind its children`
    damage.found('child', { key: layout.childRecord(path) }, text, { path })
  }
  const replica = new Replica(options.recent?.(), options.journalKept)
  const { tree } = replica
  const dirty = tree.onDirty
  tree.onDirty = undefined
  tree.beginLoad()
  const read = await store.range({ start: layout.head })
  const { revision } = read
  const headValue = read.kvs[0]?.value
  const [marker] = (await store.range({ start: layout.importMarker, revision })).kvs
  const [sourceKv] = (await store.range({ start: layout.source, revision })).kvs
  const source = sourceKv && decodeSource(sourceKv.value)
  const isFollowing = source?.phase === 'following'
  if (marker !== undefined) {
    throw isFollowing ? unfinishedMirror(layout.prefix) : refusedImport(layout, marker)
  }
  if (isFollowing && headValue === undefined && !salvages) throw unfinishedMirror(layout.prefix)
  let head = readHead(layout, headValue, damage, salvages)
  if (!salvages) await refuseNested(store, layout, revision)
  await damage.lookForForeign(store, layout, revision)
  const loader = new RecordLoader(replica, layout, damage, head?.zxid)
  for await (const page of pages(store, layout.znodes, revision, bounds)) {
    loader.znodes(page)
    options.onProgress?.(tree)
  }
  for await (const page of pages(store, layout.childRecords, revision, bounds)) {
    loader.childRecords(page)
    options.onProgress?.(tree)
  }
  if (damage.ambiguous !== undefined && !salvages) {
    throw ambiguous(
      `${damage.ambiguous} is a key of another tree, and lies among the znodes of ${layout.prefix}`,
    )
  }
  for await (const page of pages(store, layout.sessions, revision, bounds)) loader.sessions(page)
  const proxies = new Map<string, ProxyRecord>()
  for await (const page of pages(store, layout.proxies, revision, bounds)) {
    for (const kv of page) {
      const id = layout.proxyOf(kv.key)
      if (id === undefined) damage.isForeign(kv)
      else proxies.set(id, decodeProxy(kv.value))
    }
  }
  const epochs = await store.range({ start: layout.epochs, revision })
  loader.epochs(epochs.kvs[0])
  tree.onDirty = dirty
  if (headValue === undefined && loader.znodeRecords > 0) {
    const message = `${layout.prefix}/head is missing, but there are ${loader.znodeRecords} records of znodes`
    if (!acceptsDamage) throw damaged(message)
    damage.found('head', { key: layout.head }, message)
    options.onDamage?.(message)
  }
  const isGuessed = head === undefined && acceptsDamage
  if (isGuessed) head = await headFromJournal(store, layout, revision)
  // The newest batch that changed the tree: what head says of the tree holds from there on.
  let changedSeq = 0
  if (head !== undefined) {
    const replay = new JournalReplay(replica, head, { layout, damage, salvages })
    for await (const page of pages(store, layout.journal, revision, bounds)) {
      for (const stored of page) replay.entry(stored)
      options.onProgress?.(tree)
    }
    replay.end()
    changedSeq = replay.changedSeq
    replica.mirrors = head.mirrors === true
  }
  for (const path of tree.adoptOrphans()) {
    const text = `znode ${path} has no record, but there are znodes below it`
    damage.found('missing', { key: layout.znode(path) }, text, { path })
  }
  damage.settle(tree.unreadable)
  // After the replay: until then a child record may lag behind its children.
  const completed = tree.completeChildRecords()
  // The digest cannot show that these are right, where it is not known because of others.
  if (tree.unreadable.size > 0) for (const path of completed) quarantineChildren(path)
  tree.endLoad()
  tree.quotas.rebuild()
  replica.loaded()
  const wrong = head === undefined ? undefined : treeDamage(replica, head, changedSeq)
  if (wrong !== undefined) {
    if (!acceptsDamage) throw damaged(withSummary(wrong, damage))
    damage.found('tree', { key: layout.head }, wrong)
    options.onDamage?.(wrong)
  }
  if (tree.unreadable.size > bounds.unreadableMax && !acceptsDamage) {
    const most = `${tree.unreadable.size} znodes cannot be read, and no more than ${bounds.unreadableMax} are left out`
    throw damaged(withSummary(most, damage))
  }
  return { replica, revision, head: headValue, proxies, damage, source }
}

function refusedImport({ prefix }: Layout, { key, value }: KeyValue): StoreError {
  try {
    decodeImport(value)
  } catch (error) {
    throwTooNew(error, key)
    // Damaged: it is there, and that is what counts.
  }
  return unfinishedImport(prefix)
}

/** A prefix among the znodes of another tree: the two would overwrite each other's keys. */
async function refuseNested(
  store: StoreReads,
  { prefix }: Layout,
  revision: Revision,
): Promise<void> {
  for (const { index } of prefix.matchAll(/\/[cn]\/[a-z]\d+(?=\/|$)/g)) {
    const outer = prefix.slice(0, index)
    if (outer === '') continue
    const start = new Layout(outer).head
    const { kvs } = await store.range({ start, revision, keysOnly: true })
    if (kvs.length > 0)
      throw ambiguous(`${prefix} lies among the znodes of the tree below ${outer}`)
  }
}

function ambiguous(what: string): StoreError {
  return new StoreError('STORE_INVALID', `${what}: give one of the two trees another prefix`)
}

function readHead(
  layout: Layout,
  value: Uint8Array | undefined,
  damage: Damage,
  salvages: boolean,
): HeadRecord | undefined {
  if (value === undefined) return undefined
  try {
    return decodeHead(value)
  } catch (error) {
    throwTooNew(error, layout.head)
    const text = `${layout.prefix}/head cannot be read: ${reasonOf(error)}`
    if (!salvages) throw damaged(text)
    damage.found('head', { key: layout.head }, text)
    return undefined
  }
}

/** What head was, by the newest entry of the journal that can be read; undefined: there is none. */
async function headFromJournal(
  store: StoreReads,
  layout: Layout,
  revision: Revision,
): Promise<HeadRecord | undefined> {
  const { start, end } = layout.journal
  const { kvs } = await store.range({
    ...{ start, end, revision },
    descending: true,
    countMax: NEWEST_ENTRIES,
  })
  for (const { key, value } of kvs) {
    try {
      const { zxid, seq, flushed, check, mirrors } = decodeHeader(value)
      const chain = digestOfEntry(value)
      return { zxid, seq, flushed, chain, ...(check && { check }), ...(mirrors && { mirrors }) }
    } catch (error) {
      throwTooNew(error, key)
      // The one before it.
    }
  }
  return undefined
}
/** Of the journal's end, where a head is guessed from it. */
const NEWEST_ENTRIES = 64

function withSummary(message: string, damage: Damage): string {
  return damage.findings.length === 0 ? message : `${message}; ${damage.summary}`
}

/** What is wrong with the tree as a whole, where head says how it was; undefined: nothing, or unknown. */
function treeDamage(
  { check, tree }: Replica,
  head: HeadRecord,
  changedSeq: number,
): string | undefined {
  const expected = head.check
  if (expected === undefined || changedSeq > expected.seq) return undefined
  const { unreadable } = tree
  const isCountRight = expected.znodes === check.znodes
  if (isCountRight && expected.digest === check.digest) return undefined
  // The digest of what cannot be read is not known: then the count has to show that nothing else is gone.
  if (isCountRight && unreadable.size > 0) return undefined
  return (
    `the tree is not the one that head names: ${check.znodes} znodes, ${expected.znodes} expected, ` +
    `digest ${showDigest(check.digest)}, ${showDigest(expected.digest)} expected`
  )
}
