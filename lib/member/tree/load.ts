/**
 * Builds a replica from the store: every record at one revision, in pages, then the journal that is
 * ahead of them. Neighbours: feed (continues from here), layout and record (what the bytes mean).
 */
import { decodeBatch } from '../../format/journal.ts'
import type { Layout } from '../../format/layout.ts'
import {
  decodeChildRecord,
  decodeHead,
  decodeProxy,
  decodeSession,
  decodeZnode,
  type ProxyRecord,
} from '../../format/record.ts'
import { unfinishedImport } from '../../format/unfinished.ts'
import { StoreError } from '../../model/errors.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'
import { type PageBounds, pages } from '../../store/pages.ts'
import type { Revision } from '../../store/types.ts'
import { Replica } from './replica.ts'

export interface Loaded {
  readonly replica: Replica
  /** The state is the store's as of this revision: watch from the next one. */
  readonly revision: Revision
  /** What guards the next commit: head's modRevision; 0 when there is no head. */
  readonly headRevision: Revision
  readonly proxies: ReadonlyMap<string, ProxyRecord>
}

/**
 * @throws {StoreError} STORE_COMPACTED when it took longer than history is kept: load again;
 * STORE_UNAVAILABLE, not retriable, when half a tree is there, of an import that is not finished.
 */
export async function loadReplica(
  store: MetadataStore,
  layout: Layout,
  bounds: PageBounds,
): Promise<Loaded> {
  const replica = new Replica()
  const { tree } = replica
  const dirty = tree.onDirty
  tree.onDirty = undefined
  const head = await store.range({ start: layout.head })
  const { revision } = head
  const headKv = head.kvs[0]
  const marker = await store.range({ start: layout.importMarker, revision, keysOnly: true })
  if (marker.kvs.length > 0) throw unfinishedImport(layout.prefix)
  for await (const page of pages(store, layout.znodes, revision, bounds)) {
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
  tree.onDirty = dirty
  if (headKv !== undefined) {
    const { zxid, seq, flushed } = decodeHead(headKv.value)
    replica.flushed = flushed
    replica.seq = flushed
    // Up to `flushed` all is in the records, and removed.
    const behind = { start: layout.journalEntry(flushed + 1), end: layout.journal.end }
    for await (const page of pages(store, behind, revision, bounds)) {
      for (const { value } of page) replay(replica, value)
    }
    if (replica.seq !== seq) {
      throw new StoreError(
        'STORE_INTERNAL',
        `journal ends at batch ${replica.seq}, but head says ${seq}: entries under j/ are missing`,
      )
    }
    replica.zxid = zxid
  }
  // After the replay: until then a child record may lag behind its children.
  tree.completeChildRecords()
  tree.quotas.rebuild()
  return {
    replica,
    revision,
    headRevision: headKv?.modRevision ?? 0,
    proxies,
  }
}

function replay(replica: Replica, entry: Uint8Array): void {
  const batch = decodeBatch(entry)
  if (batch.seq !== replica.seq + 1) {
    throw new StoreError(
      'STORE_INTERNAL',
      `journal jumps from batch ${replica.seq} to ${batch.seq}: entries under j/ are missing`,
    )
  }
  replica.replay(batch, entry.length)
}
