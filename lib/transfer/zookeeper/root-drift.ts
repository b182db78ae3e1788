/**
 * ZooKeeper’s leader keeps two records of the root while changes are outstanding: "/" for what sets its data or ACL, and "" for
 * what is created or deleted below it. Neither has what the other was given meanwhile, so the digest of a setData or setACL
 * of the root behind such a create is one of a stale root, as is that of a create behind such a setData. Its tree is right.
 * Source: PrepRequestProcessor.getRecordForPath, pRequest2TxnCreate, precalculateDigest. Line: digest-drift → here → tree-digest.
 */
import type { Znode } from '../../model/znode.ts'
import { termOf } from './tree-digest.ts'

/** So many outstanding changes are looked at: a leader takes 1,000 of its clients (globalOutstandingLimit). */
const PARTS_MAX = 1_024
/** Of each part where one transaction changed both. */
const PAIRED_MAX = 200

type DataPart = Pick<Znode, 'data' | 'mzxid' | 'mtime' | 'version' | 'aversion'>
type ChildPart = Pick<Znode, 'pzxid' | 'creates'>

export class RootDrift {
  /** As they were, the newest last; never empty once noted. */
  readonly #data: DataPart[] = []
  readonly #children: ChildPart[] = []

  /** What the leader’s digest may have more than the tree’s, by the change of the root since it was noted. */
  deltas(root: Znode): bigint[] {
    const [data, children] = [this.#data.at(-1), this.#children.at(-1)]
    if (data === undefined || children === undefined) return []
    const isSet = !isSameData(data, root)
    const isParent = !isSameChildren(children, root)
    if (!isSet && !isParent) return []
    const term = (of: DataPart, below: ChildPart): bigint => BigInt(termOfRoot(root, of, below))
    const count = isSet && isParent ? PAIRED_MAX : PARTS_MAX
    const ofData = isSet
      ? this.#children.slice(-count).map((below) => term(root, below) - term(data, below))
      : [0n]
    const ofChildren = isParent
      ? this.#data.slice(-count).map((of) => term(of, root) - term(of, children))
      : [0n]
    const own = term(root, root) - term(data, children)
    return ofData.flatMap((one) => ofChildren.map((other) => one + other - own))
  }

  /** After each transaction. */
  note(root: Znode): void {
    const [data, children] = [this.#data.at(-1), this.#children.at(-1)]
    if (data === undefined || !isSameData(data, root)) {
      const { data: bytes, mzxid, mtime, version, aversion } = root
      keep(this.#data, { data: bytes, mzxid, mtime, version, aversion })
    }
    if (children === undefined || !isSameChildren(children, root)) {
      const { pzxid, creates } = root
      keep(this.#children, { pzxid, creates })
    }
  }
}

/** Each change of it has another version. */
function isSameData(one: DataPart, other: DataPart): boolean {
  return (
    one.mzxid === other.mzxid && one.version === other.version && one.aversion === other.aversion
  )
}

function isSameChildren(one: ChildPart, other: ChildPart): boolean {
  return one.pzxid === other.pzxid && one.creates === other.creates
}

function termOfRoot({ czxid, ctime }: Znode, of: DataPart, below: ChildPart): number {
  const { data, mzxid, mtime, version, aversion } = of
  const { pzxid, creates } = below
  return termOf('/', { czxid, ctime, data, mzxid, mtime, version, aversion, pzxid, creates }, 0n)
}

function keep<T>(parts: T[], part: T): void {
  parts.push(part)
  // Seldom, as all of the others move.
  if (parts.length > 2 * PARTS_MAX) parts.splice(0, PARTS_MAX)
}
