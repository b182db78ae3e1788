/**
 * A whole store adapter, to copy from: a journal in one file, one line a transaction, on Node's file
 * system alone. What it promises is proven by both conformance suites (test/examples).
 *
 * A store has to do three things: order transactions, make them last, and notify watchers. `Mvcc` does
 * the first and the last for stores that have no revisions of their own; what is left is the middle.
 * Not done here: the file is never shortened, and nothing keeps a second process away.
 */
import { type FileHandle, open } from 'node:fs/promises'
import {
  type Lease,
  type LeaseId,
  type MetadataStore,
  StoreError,
  type StoreFeatures,
  type Txn,
  type TxnResult,
  type WriteOp,
} from 'anykeeper'
import {
  Mvcc,
  type MvccWriter,
  mvccHandle,
  registerStore,
  type StoreOpener,
} from 'anykeeper/adapters'

/** The manifest: suites and callers go by this. */
const FEATURES: StoreFeatures = {
  persistent: true,
  shared: false,
  txnOpsMax: 4_096,
  txnBytesMax: 8 * 1024 * 1024,
  valueBytesMax: 2 * 1024 * 1024,
}

/** A line of the journal. What was written: no conditions. */
type Entry =
  | { readonly ops: readonly StoredOp[] }
  | { readonly grant: string; readonly ttlMs: number }
  | { readonly revoke: string }

interface StoredOp {
  readonly type: WriteOp['type']
  /** key · key, value, lease · start, end; bytes in base64. */
  readonly fields: readonly string[]
}

export class JournalStore implements MvccWriter {
  readonly mvcc: Mvcc
  readonly #file: FileHandle
  #bytes: number
  #broken = false
  /** One write at a time; this is the newest. */
  #last: Promise<unknown> = Promise.resolve()

  static async open(path: string): Promise<JournalStore> {
    const file = await open(path, 'a+')
    const text = await file.readFile('utf8')
    // A line without its end was not acknowledged: the process ended while writing it.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    await file.truncate(Buffer.byteLength(whole))
    return new JournalStore(file, whole)
  }

  private constructor(file: FileHandle, journal: string) {
    this.#file = file
    this.#bytes = Buffer.byteLength(journal)
    this.mvcc = new Mvcc({ onLeaseDue: (id) => this.#expire(id) })
    for (const line of journal.split('\n')) if (line !== '') this.#replay(JSON.parse(line) as Entry)
    this.mvcc.publish()
  }

  /** As many as you like on one journal; they see the same keys. `onClose` runs when it is closed. */
  handle(onClose?: () => Promise<void>): MetadataStore {
    return mvccHandle(this, FEATURES, onClose)
  }

  txn(txn: Txn): Promise<TxnResult> {
    return this.#write(
      () => this.mvcc.txn(txn),
      () => ({ ops: txn.ops.map(toStored) }),
    )
  }

  grantLease(ttlMs: number): Promise<Lease> {
    return this.#write(
      () => this.mvcc.grantLease(ttlMs),
      ({ id }) => ({ grant: `${id}`, ttlMs }),
    )
  }

  revokeLease(id: LeaseId): Promise<void> {
    return this.#write(
      () => this.mvcc.revokeLease(id),
      () => ({ revoke: `${id}` }),
    )
  }

  async close(): Promise<void> {
    await this.#last
    this.mvcc.leases.stop()
    await this.#file.close()
  }

  #expire(id: LeaseId): void {
    // Not written now? The lease's timer asks again in a second.
    this.#write(
      () => this.mvcc.expire(id),
      () => ({ revoke: `${id}` }),
    ).catch(() => {})
  }

  /** Apply, make it last, publish, answer; or take it back. */
  #write<T>(apply: () => T, entryOf: (result: T) => Entry): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.#broken) throw new StoreError('STORE_UNAVAILABLE', 'the journal ends in a torn line')
      const result = apply()
      const { keys, leases } = this.mvcc.changes
      if (keys.size > 0 || leases.size > 0) await this.#append(entryOf(result))
      this.mvcc.publish()
      return result
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  async #append(entry: Entry): Promise<void> {
    const line = `${JSON.stringify(entry)}\n`
    try {
      await this.#file.appendFile(line)
      await this.#file.datasync()
      this.#bytes += Buffer.byteLength(line)
    } catch (cause) {
      this.mvcc.rollback()
      // Whatever of the line is there must not be read again: then it did not happen, for certain.
      await this.#file.truncate(this.#bytes).catch(() => {
        this.#broken = true
      })
      const outcome = this.#broken ? 'unknown' : 'unapplied'
      throw new StoreError('STORE_UNAVAILABLE', 'the journal was not written', { outcome, cause })
    }
  }

  #replay(entry: Entry): void {
    if ('ops' in entry) this.mvcc.txn({ compares: [], ops: entry.ops.map(fromStored) })
    else if ('revoke' in entry) this.mvcc.revokeLease(BigInt(entry.revoke))
    else {
      this.mvcc.leases.lastId = BigInt(entry.grant) - 1n
      this.mvcc.grantLease(entry.ttlMs)
    }
  }
}

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const toBytes = (text: string | undefined): Uint8Array => Buffer.from(text ?? '', 'base64')

function toStored(op: WriteOp): StoredOp {
  const { type } = op
  if (type === 'deleteRange') return { type, fields: [toText(op.start), toText(op.end)] }
  if (type === 'delete') return { type, fields: [toText(op.key)] }
  return { type, fields: [toText(op.key), toText(op.value), `${op.lease ?? 0n}`] }
}

function fromStored({ type, fields: [first, second, lease] }: StoredOp): WriteOp {
  const key = toBytes(first)
  if (type === 'deleteRange') return { type, start: key, end: toBytes(second) }
  if (type === 'delete') return { type, key }
  return { type, key, value: toBytes(second), lease: BigInt(lease ?? 0) }
}

/** From here on `openStore('journal:./data.journal')` knows it, and so does `Keeper.open`. */
const openJournal: StoreOpener = async (url) => {
  const store = await JournalStore.open(decodeURIComponent(url.slice('journal:'.length)))
  return store.handle(() => store.close())
}
registerStore('journal', openJournal)
