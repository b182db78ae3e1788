/**
 * Builds a replica from the store: every record at one revision, in pages, then the journal that is
 * ahead of them. Neighbours: feed (continues from here), layout and record (what the bytes mean).
 */
import { type Digest, digestOfEntry, showDigest } from '../../format/digest.ts'
import { decodeCuts, decodeHead, type HeadRecord } from '../../format/head.ts'
import { decodeBatch, decodeHeader } from '../../format/journal.ts'
import type { Layout } from '../../format/layout.ts'
import {
  decodeChildRecord,
  decodeProxy,
  decodeSession,
  decodeZnode,
  type ProxyRecord,
} from '../../format/record.ts'
import { unfinishedImport } from '../../format/unfinished.ts'
import { StoreError } from '../../model/errors.ts'
import { parentOf } from '../../model/path.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import { type PageBounds, pages } from '../../store/pages.ts'
import type { Revision } from '../../store/types.ts'
import { Replica } from './replica.ts'

export interface Loaded {
  readonly replica: Replica
  /** The state is the store's as of this revision: watch from the next one. */
  readonly revision: Revision
  /** Head's value, which guards the next commit; undefined when there is none. */
  readonly head: Uint8Array | undefined
  readonly proxies: ReadonlyMap<string, ProxyRecord>
}

export interface LoadOptions {
  readonly bounds: PageBounds
  /** Load a tree that is not the one that head names, too. @default false */
  readonly acceptDamage?: boolean
  /** Called with what was accepted. */
  readonly onDamage?: (message: string) => void
}

/** A load that meets a compaction is begun again, at the newest revision. So many times in all. */
const LOADS_MAX = 5

/**
 * @throws {StoreError} STORE_COMPACTED when each of {@link LOADS_MAX} loads took longer than history is kept;
 * STORE_UNAVAILABLE, not retriable, when half a tree is there, of an import that is not finished;
 * STORE_INTERNAL when records, journal and head do not belong together.
 */
export async function loadReplica(
  store: MetadataStore,
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
  store: MetadataStore,
  layout: Layout,
  options: LoadOptions,
): Promise<Loaded> {
  const { bounds } = options
  const replica = new Replica()
  const { tree } = replica
  const dirty = tree.onDirty
  tree.onDirty = undefined
  tree.beginLoad()
  const read = await store.range({ start: layout.head })
  const { revision } = read
  const headValue = read.kvs[0]?.value
  const marker = await store.range({ start: layout.importMarker, revision, keysOnly: true })
  if (marker.kvs.length > 0) throw unfinishedImport(layout.prefix)
  let records = 0
  for await (const page of pages(store, layout.znodes, revision, bounds)) {
    records += page.length
    for (const { key, value } of page) {
      const path = layout.pathOf(key)
      tree.loadZnode(path, decodeZnode(value, path))
    }
  }
  for await (const page of pages(store, layout.childRecords, revision, bounds)) {
    for (const { key, value } of page) {
      const path = layout.pathOf(key)
      tree.loadChildRecord(path, decodeChildRecord(value, path))
    }
  }
  for await (const page of pages(store, layout.sessions, revision, bounds)) {
    for (const { key, value } of page) {
      const id = layout.sessionOf(key)
      replica.sessions.set(id, decodeSession(value, id))
    }
  }
  const proxies = new Map<string, ProxyRecord>()
  for await (const page of pages(store, layout.proxies, revision, bounds)) {
    for (const { key, value } of page) proxies.set(layout.proxyOf(key), decodeProxy(value))
  }
  const epochs = await store.range({ start: layout.epochs, revision })
  for (const [epoch, lastZxid] of decodeCuts(epochs.kvs[0]?.value))
    replica.cuts.set(epoch, lastZxid)
  tree.onDirty = dirty
  let head = headValue === undefined ? undefined : decodeHead(headValue)
  if (head === undefined && records > 0) {
    const message = `${layout.prefix}/head is missing, but there are ${records} records of znodes`
    if (options.acceptDamage !== true) throw damaged(message)
    options.onDamage?.(message)
    head = await headFromJournal(store, layout, revision)
  }
  // The newest batch that changed the tree: what head says of the tree holds from there on.
  let changedSeq = 0
  if (head !== undefined) {
    replica.flushed = head.flushed
    replica.seq = head.flushed
    replica.zxid = head.zxid
    const { start, end } = layout.journal
    for await (const page of pages(store, { start, end }, revision, bounds)) {
      for (const { value } of page) {
        if (decodeHeader(value).seq <= head.flushed) remember(replica, value)
        else if (replay(replica, value)) changedSeq = replica.seq
      }
    }
    checkJournal(replica, head)
    replica.zxid = head.zxid
  }
  // After the replay: until then a child record may lag behind its children.
  tree.completeChildRecords()
  tree.endLoad()
  tree.quotas.rebuild()
  replica.loaded()
  const damage = head === undefined ? undefined : damageOf(replica, head, changedSeq)
  if (damage !== undefined) {
    if (options.acceptDamage !== true) throw damaged(damage)
    options.onDamage?.(damage)
  }
  return { replica, revision, head: headValue, proxies }
}

/** What head was, by the newest entry of the journal; undefined: there is none. */
async function headFromJournal(
  store: MetadataStore,
  layout: Layout,
  revision: Revision,
): Promise<HeadRecord | undefined> {
  const { start, end } = layout.journal
  const { kvs } = await store.range({ start, end, revision, descending: true, countMax: 1 })
  const newest = kvs[0]
  if (newest === undefined) return undefined
  const { zxid, seq, flushed } = decodeHeader(newest.value)
  return { zxid, seq, flushed }
}

/** An entry that all records have: it only shows which history this is. */
function remember({ history, journal }: Replica, entry: Uint8Array): void {
  const { seq, zxid } = decodeHeader(entry)
  journal.add(seq, entry.length)
  history.found(seq, digestOfEntry(entry), zxid)
}

/** @returns whether it changes anything */
function replay(replica: Replica, entry: Uint8Array): boolean {
  const batch = decodeBatch(entry)
  if (batch.seq !== replica.seq + 1) {
    throw damaged(
      `journal jumps from batch ${replica.seq} to ${batch.seq}: entries under j/ are missing`,
    )
  }
  const end = replica.history.digestAt(batch.seq - 1)
  if (batch.previous !== undefined && end !== undefined && batch.previous !== end) {
    throw damaged(
      `batch ${batch.seq} follows a batch ${showDigest(batch.previous)}, but ${showDigest(end)} is there`,
    )
  }
  replica.replay(batch, { bytes: entry.length, digest: digestOfEntry(entry), attempt: 0 })
  return batch.txns.some(({ ops }) => ops.length > 0)
}

function checkJournal({ seq, history, journal }: Replica, head: HeadRecord): void {
  if (seq !== head.seq) {
    throw damaged(
      `journal ends at batch ${seq}, but head says ${head.seq}: entries under j/ are missing`,
    )
  }
  journal.flushedTo(head.flushed)
  const end: Digest | undefined = history.digestAt(seq)
  if (end === undefined) history.begin(seq, head.chain, head.zxid)
  if (head.chain === undefined || end === undefined || head.chain === end) return
  throw damaged(`batch ${seq} is ${showDigest(end)}, but head says ${showDigest(head.chain)}`)
}

/** How many znodes without a parent are named. */
const ORPHANS_NAMED_MAX = 5

/** What is wrong with the tree as a whole, where head says how it was; undefined: nothing, or unknown. */
function damageOf(
  { check, tree }: Replica,
  head: HeadRecord,
  changedSeq: number,
): string | undefined {
  const expected = head.check
  if (expected === undefined || changedSeq > expected.seq) return undefined
  if (expected.znodes === check.znodes && expected.digest === check.digest) return undefined
  const orphans: string[] = []
  for (const path of tree.paths()) {
    if (path === '/' || tree.has(parentOf(path))) continue
    orphans.push(path)
    if (orphans.length === ORPHANS_NAMED_MAX) break
  }
  const named = orphans.length === 0 ? '' : `; without a parent: ${orphans.join(', ')}`
  return (
    `the tree is not the one that head names: ${check.znodes} znodes, ${expected.znodes} expected, ` +
    `digest ${showDigest(check.digest)}, ${showDigest(expected.digest)} expected${named}`
  )
}

function damaged(message: string): StoreError {
  return new StoreError('STORE_INTERNAL', `damaged: ${message}`)
}
