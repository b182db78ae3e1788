/**
 * The record part of a load: what can be read is loaded, and what cannot is quarantined, as one thing that is
 * confined to its znode or session. Neighbours: load (reads the pages), damage (the findings).
 */
import { reasonOf } from '../../base/reason-of.ts'
import { decodeCuts, decodeHead } from '../../format/head.ts'
import { type Layout, sessionName } from '../../format/layout.ts'
import {
  decodeChildRecord,
  decodeImport,
  decodeSession,
  decodeZnode,
  type SessionRecord,
} from '../../format/record.ts'
import { throwTooNew } from '../../format/too-new.ts'
import { nameOf } from '../../model/path.ts'
import type { Znode } from '../../model/znode.ts'
import { epochOf } from '../../model/zxid.ts'
import type { KeyValue } from '../../store/types.ts'
import type { Damage } from './damage.ts'
import type { Replica } from './replica.ts'

/**
 * Of a session whose record cannot be read its id is known: nobody can resume it, and it ends as if its proxy had
 * vanished, with its ephemerals. No proxy has this id.
 */
const UNREADABLE_SESSION: Omit<SessionRecord, 'id'> = {
  timeoutMs: 60_000,
  passwordDigest: '',
  owner: 'unreadable',
  fence: 0,
}

type Page = readonly KeyValue[]

/** The keys of a tree that lie directly below its prefix, and what decodes them. No record of ours does it. */
const TOP_KEYS = new Map<string, (value: Uint8Array) => unknown>([
  ['head', decodeHead],
  ['epochs', decodeCuts],
  ['import', decodeImport],
])

/** A tree with the prefix /a/n/a1 has its head where the tree with the prefix /a has the znode /head. */
function isOfAnotherTree(path: string, value: Uint8Array): boolean {
  const decode = TOP_KEYS.get(nameOf(path))
  if (decode === undefined) return false
  try {
    decode(value)
    return true
  } catch {
    return false
  }
}

export class RecordLoader {
  /** Records of znodes seen so far, the unreadable ones included. */
  znodeRecords = 0
  readonly #replica: Replica
  readonly #layout: Layout
  readonly #damage: Damage
  /** Of head: no record can be newer. undefined: not known. */
  readonly #zxidMax: number
  readonly #hasHead: boolean

  constructor(replica: Replica, layout: Layout, damage: Damage, headZxid: number | undefined) {
    this.#replica = replica
    this.#layout = layout
    this.#damage = damage
    this.#hasHead = headZxid !== undefined
    this.#zxidMax = headZxid ?? Number.POSITIVE_INFINITY
  }

  /** In the order of their keys: parents come before their children. */
  znodes(page: Page): void {
    const { tree } = this.#replica
    for (const kv of page) {
      const path = this.#pathOf(kv)
      if (path === undefined) continue
      this.znodeRecords++
      const node = this.#decode(
        'znode',
        kv,
        `the record of znode ${path}`,
        () => this.#checked(decodeZnode(kv.value, path)),
        path,
      )
      if (node === undefined) tree.loadUnreadable(path)
      else tree.loadZnode(path, node)
    }
  }

  /** After all znodes. */
  childRecords(page: Page): void {
    const { tree } = this.#replica
    for (const kv of page) {
      const path = this.#pathOf(kv)
      if (path === undefined) continue
      const record = this.#decode(
        'child',
        kv,
        `the child record of znode ${path}`,
        () => {
          const decoded = decodeChildRecord(kv.value, path)
          this.#check(decoded.pzxid <= this.#zxidMax && decoded.creates >= 0)
          return decoded
        },
        path,
      )
      if (record !== undefined) tree.loadChildRecord(path, record)
      // Its counter gives sequential znodes their numbers: none must be given out twice.
      else if (tree.has(path)) tree.loadUnreadable(path)
    }
  }

  /** The znode that a record is of; undefined: it is none of this tree, which is noted. */
  #pathOf(kv: KeyValue): string | undefined {
    const path = this.#layout.pathOf(kv.key)
    if (path === undefined) this.#damage.isForeign(kv)
    else if (isOfAnotherTree(path, kv.value)) this.#damage.isAmbiguous(kv)
    else return path
    return undefined
  }

  sessions(page: Page): void {
    const { sessions } = this.#replica
    for (const kv of page) {
      const id = this.#layout.sessionOf(kv.key)
      if (id === undefined) {
        this.#damage.isForeign(kv)
        continue
      }
      const session = this.#decode(
        'session',
        kv,
        `the record of session 0x${sessionName(id)}`,
        () => decodeSession(kv.value, id),
      )
      sessions.set(id, session ?? { ...UNREADABLE_SESSION, id })
    }
  }

  /** Unreadable: of the epochs before the present one nothing counts as kept. */
  epochs(kv: KeyValue | undefined): void {
    const { cuts } = this.#replica
    const read =
      kv && this.#decode('epochs', kv, 'the record of epochs', () => decodeCuts(kv.value))
    for (const [epoch, lastZxid] of read ?? []) cuts.set(epoch, lastZxid)
    if (kv !== undefined && read === undefined && this.#hasHead) cuts.set(epochOf(this.#zxidMax), 0)
  }

  #checked(node: Znode): Znode {
    const { czxid, mzxid } = node
    this.#check(czxid >= 0 && mzxid >= czxid && mzxid <= this.#zxidMax && node.ttlMs >= 0)
    return node
  }

  #check(holds: boolean): void {
    if (!holds) throw new Error('it has impossible numbers')
  }

  #decode<T>(
    kind: 'znode' | 'child' | 'session' | 'epochs',
    stored: KeyValue,
    what: string,
    decode: () => T,
    path?: string,
  ): T | undefined {
    try {
      return decode()
    } catch (error) {
      throwTooNew(error, stored.key)
      this.#damage.found(kind, stored, `${what} cannot be read: ${reasonOf(error)}`, {
        ...(path === undefined ? {} : { path }),
      })
      return undefined
    }
  }
}
