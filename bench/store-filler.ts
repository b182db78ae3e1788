/**
 * The tree of a load written into a store as anykeeper would have left it there, without a proxy: a
 * million znodes in seconds. Neighbours: load/fixture (which znodes), lib/format (their bytes).
 */
import { openStore } from '../adapters/index.ts'
import { encodeHead } from '../lib/format/head.ts'
import { Layout } from '../lib/format/layout.ts'
import { encodeChildRecord, encodeZnode } from '../lib/format/record.ts'
import type { MetadataStore, WriteOp } from '../lib/index.ts'
import { OPEN_ACL } from '../lib/model/acl.ts'
import { toByteString } from '../lib/model/byte-string.ts'
import { KIND, Znode } from '../lib/model/znode.ts'
import { opBytes } from '../lib/store/txn-size.ts'
import { DATA, type Fixture, nodeName, tree } from './load/fixture.ts'

const OPS_MAX = 2_000
const BYTES_MAX = 1024 * 1024
/** In flight together. */
const TXNS = 4

function record(zxid: number): Uint8Array {
  return encodeZnode(
    new Znode({
      data: toByteString(DATA),
      acl: OPEN_ACL,
      zxid,
      time: Date.now(),
      ephemeralOwner: 0n,
      kind: KIND.plain,
      ttlMs: 0,
    }),
  )
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

/** Every znode in the order of its creation. */
function* pathsOf({ paths, family }: Fixture): Iterable<string> {
  yield* paths
  for (const parent of family?.parents ?? []) {
    for (let i = 0; i < family!.children; i++) yield `${parent}/${nodeName(i)}`
  }
}

/** Puts of all records; the head comes last, for it says that they are complete. */
function* puts(layout: Layout, fixture: Fixture): Iterable<WriteOp> {
  const made = new Map<string, { creates: number; pzxid: number }>()
  let zxid = 0
  for (const path of pathsOf(fixture)) {
    zxid++
    yield { type: 'put', key: layout.znode(path), value: record(zxid) }
    const parent = parentOf(path)
    const creates = (made.get(parent)?.creates ?? 0) + 1
    made.set(parent, { creates, pzxid: zxid })
  }
  for (const [path, child] of made) {
    // The root's counts what is there from the start as well: without a record it is counted.
    if (path === '/') continue
    yield { type: 'put', key: layout.childRecord(path), value: encodeChildRecord(child) }
  }
  yield { type: 'put', key: layout.head, value: encodeHead({ zxid, seq: 1, flushed: 1 }) }
}

async function write(store: MetadataStore, ops: Iterable<WriteOp>): Promise<void> {
  const opsMax = Math.min(OPS_MAX, store.features.txnOpsMax)
  const bytesMax = Math.min(BYTES_MAX, store.features.txnBytesMax)
  let [batch, bytes]: [WriteOp[], number] = [[], 0]
  let running: Promise<unknown>[] = []
  for (const op of ops) {
    batch.push(op)
    bytes += opBytes(op)
    if (batch.length < opsMax && bytes < bytesMax / 2) continue
    running.push(store.txn({ compares: [], ops: batch }))
    ;[batch, bytes] = [[], 0]
    if (running.length < TXNS) continue
    await Promise.all(running)
    running = []
  }
  await Promise.all(running)
  if (batch.length > 0) await store.txn({ compares: [], ops: batch })
}

/** @param nodes a multiple of 1,000. The store must be empty. */
export async function fillStore(url: string, prefix: string, nodes: number): Promise<void> {
  const store = await openStore(url)
  try {
    await write(store, puts(new Layout(prefix), tree(nodes)))
  } finally {
    await store.close()
  }
}
