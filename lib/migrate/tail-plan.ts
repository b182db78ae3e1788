/**
 * What a member would say to the transactions of logs, by the very planner that judges them when they are written, and how large
 * the requests to the store would be. Nothing is sent. Line: tail-rehearsal → here → member/plan/mirrored.
 */
import { ByteWriter } from '../format/bytes.ts'
import { JOURNAL_FORMAT, type TxnBase, writeTxn } from '../format/journal.ts'
import type { Layout } from '../format/layout.ts'
import {
  entryBytesMax,
  largestRecord,
  OVERHEAD_BYTES,
  recordBytesMax,
} from '../member/commit/large-record.ts'
import { MIRROR_MISFIT, MIRROR_TOO_LARGE, planMirrored } from '../member/plan/mirrored.ts'
import { type PlanBase, PlanView } from '../member/plan/view.ts'
import { QuotaTable } from '../member/tree/quota.ts'
import type { StoreFeatures } from '../store/types.ts'
import type { ZookeeperTree } from '../transfer/zookeeper/tree.ts'
import type { Txn } from '../transfer/zookeeper/txn.ts'
import { mirroredTxn } from './mirrored-txn.ts'

/** Where they are to be written. */
export interface TailTarget {
  readonly features: StoreFeatures
  readonly layout: Layout
}

/** The request for which the store needs most room. */
export interface LargestRequest {
  readonly txn: Txn
  /** Of the largest value that it brings, now or with the records that follow. */
  readonly bytes: number
}

export class TailPlan {
  /** Of those that were not refused; undefined: there was none. */
  largest: LargestRequest | undefined
  readonly #features: StoreFeatures
  readonly #view: PlanView
  readonly #out = new ByteWriter()

  /** `tree`: as it is before the first of them. Who has judged one applies it before the next one. */
  constructor(tree: ZookeeperTree, { features, layout }: TailTarget) {
    this.#features = features
    this.#view = new PlanView(baseOf(tree), { pathBytesMax: layout.pathBytesMax })
  }

  /** Why it would not be written; undefined: it would. `after`: the zxid before it. */
  refusal(txn: Txn, after: number): 'misfit' | 'large' | undefined {
    const view = this.#view
    view.push()
    try {
      view.mirrors = true
      view.begin(txn.zxid, after, txn.time)
      const planned = planMirrored(view, mirroredTxn(txn, after))
      if (planned === MIRROR_TOO_LARGE) return 'large'
      if (planned === MIRROR_MISFIT) return 'misfit'
      return this.#isTooLarge(txn, after) ? 'large' : undefined
    } finally {
      view.truncate(0)
    }
  }

  /** A member looks at the record of a large change alone; here the ACL of a large znode counts, too. */
  #isTooLarge(txn: Txn, after: number): boolean {
    const { zxid, time, clientId: session, cxid } = txn
    const { ops } = this.#view
    const out = this.#out
    out.clear()
    // As if it were the first of its entry: behind another one it may be shorter.
    const before: TxnBase = { zxid: after, time: 0, session: 0n }
    writeTxn(out, JOURNAL_FORMAT, { zxid, time, session, cxid, ops, takesZxid: true }, before)
    const record = largestRecord(this.#view)
    if (out.length > entryBytesMax(this.#features) || record > recordBytesMax(this.#features)) {
      return true
    }
    const bytes = Math.max(out.length + OVERHEAD_BYTES, record)
    if (bytes > (this.largest?.bytes ?? 0)) this.largest = { txn, bytes }
    return false
  }
}

/** Sessions are not looked at, and quotas of an ensemble are not enforced. */
function baseOf(tree: ZookeeperTree): PlanBase {
  const quotas = new QuotaTable({ get: (path) => tree.get(path), paths: () => [].values() })
  return {
    tree: {
      quotas,
      unreadable: new Set(tree.unreadable),
      get: (path) => tree.get(path),
      ephemeralsOf: (session) => tree.ephemeralsOf(session),
    },
    sessions: new Map(),
  }
}
