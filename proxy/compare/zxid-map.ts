/**
 * Maps the candidate's zxids to the oracle's. Two servers count differently (sessions, their own
 * past), so zxids are compared by a one-to-one, order-preserving mapping learned from replies.
 * Neighbours: reply-comparison adds the headers of replies, compare-reply checks Stats.
 */

export interface ZxidPair {
  readonly candidate: number
  readonly oracle: number
}

/** Pairs kept. Above this many the older half is forgotten, and its zxids count as old. */
const PAIRS_MAX = 1_000_000

export class ZxidMap {
  readonly #pairsMax: number
  /** Up to this pair each side has its own past: any two such zxids count as equal. */
  #old: ZxidPair | undefined
  /** Zxids of compared writes, ascending on both sides. */
  readonly #writes = new PairList()
  /** Zxids in the headers of all replies: the newest that a client had seen on both sides. */
  readonly #seen = new PairList()
  /** Seen in Stats only: changes that a server made by itself, such as removing a container. */
  readonly #oracleOf = new Map<number, number>()
  readonly #candidateOf = new Map<number, number>()

  constructor(pairsMax: number = PAIRS_MAX) {
    this.#pairsMax = pairsMax
  }

  /** The newest zxids of both sides before the first comparison. */
  begin(pair: ZxidPair): void {
    this.#old = pair
  }

  get begun(): boolean {
    return this.#old !== undefined
  }

  /** The header zxids of a write's two replies. Returns what is wrong with them, or undefined. */
  learnWrite(pair: ZxidPair): string | undefined {
    const { candidate, oracle } = pair
    if (candidate <= 0 || oracle <= 0) return this.check(pair)
    const last = this.#writes.last ?? this.#old
    const candidateGrew = last === undefined || candidate > last.candidate
    const oracleGrew = last === undefined || oracle > last.oracle
    if (!candidateGrew || !oracleGrew) {
      if (!candidateGrew && !oracleGrew) return this.check(pair)
      const side = candidateGrew ? 'oracle' : 'candidate'
      return `a write's zxid is not above that of the write before it on the ${side}`
    }
    this.#writes.push(pair)
    if (this.#writes.length > this.#pairsMax) this.#forget()
    return undefined
  }

  /** The header zxids of any two replies to one request. */
  learnSeen({ candidate, oracle }: ZxidPair): void {
    if (candidate <= 0 || oracle <= 0) return
    const last = this.#seen.last
    if (last !== undefined) {
      if (candidate < last.candidate || oracle < last.oracle) return
      if (candidate === last.candidate) this.#seen.pop()
    }
    this.#seen.push({ candidate, oracle })
    if (this.#seen.length > this.#pairsMax) this.#seen.dropHalf()
  }

  /** Two zxids at the same place of two Stats. Returns why they cannot be the same, or undefined. */
  check({ candidate, oracle }: ZxidPair): string | undefined {
    if (candidate <= 0 || oracle <= 0) {
      return candidate === oracle ? undefined : 'no transaction on one side only'
    }
    const old = this.#old
    const candidateIsOld = old !== undefined && candidate <= old.candidate
    const oracleIsOld = old !== undefined && oracle <= old.oracle
    if (candidateIsOld || oracleIsOld) {
      if (candidateIsOld && oracleIsOld) return undefined
      return `from before the comparison on the ${candidateIsOld ? 'candidate' : 'oracle'} only`
    }
    const of = this.#writes
    const candidateAt = of.indexOf('candidate', candidate)
    const oracleAt = of.indexOf('oracle', oracle)
    if (candidateAt >= 0 || oracleAt >= 0) {
      return candidateAt === oracleAt ? undefined : 'zxids of different writes'
    }
    const known = this.#oracleOf.get(candidate) ?? oracle
    if (known !== oracle || (this.#candidateOf.get(oracle) ?? candidate) !== candidate) {
      return 'paired with another zxid before'
    }
    this.#oracleOf.set(candidate, oracle)
    this.#candidateOf.set(oracle, candidate)
    return undefined
  }

  /**
   * The oracle's zxid that a client would have seen last, had it seen `candidate` last: for
   * lastZxidSeen and relativeZxid. A zxid newer than all seen ones stays as much newer.
   */
  toOracle(candidate: number): number {
    if (candidate <= 0) return candidate
    const pair = this.#seen.floor(candidate)
    const last = this.#seen.last ?? this.#old
    if (last !== undefined && candidate > last.candidate) {
      return last.oracle + (candidate - last.candidate)
    }
    return pair?.oracle ?? Math.min(candidate, this.#old?.oracle ?? candidate)
  }

  #forget(): void {
    const newestDropped = this.#writes.dropHalf()
    if (newestDropped === undefined) return
    this.#old = newestDropped
    for (const [candidate, oracle] of this.#oracleOf) {
      if (candidate > newestDropped.candidate) continue
      this.#oracleOf.delete(candidate)
      this.#candidateOf.delete(oracle)
    }
  }
}

/** Pairs in ascending order of both sides. */
class PairList {
  #candidate: number[] = []
  #oracle: number[] = []

  get length(): number {
    return this.#candidate.length
  }

  get last(): ZxidPair | undefined {
    return this.#at(this.length - 1)
  }

  push({ candidate, oracle }: ZxidPair): void {
    this.#candidate.push(candidate)
    this.#oracle.push(oracle)
  }

  pop(): void {
    this.#candidate.pop()
    this.#oracle.pop()
  }

  /** Returns the newest one dropped. */
  dropHalf(): ZxidPair | undefined {
    const count = this.length >> 1
    const newest = this.#at(count - 1)
    this.#candidate = this.#candidate.slice(count)
    this.#oracle = this.#oracle.slice(count)
    return newest
  }

  /** −1: absent. */
  indexOf(side: keyof ZxidPair, zxid: number): number {
    const list = side === 'candidate' ? this.#candidate : this.#oracle
    const at = floorIndex(list, zxid)
    return list[at] === zxid ? at : -1
  }

  /** The last pair whose candidate is at most this. */
  floor(candidate: number): ZxidPair | undefined {
    return this.#at(floorIndex(this.#candidate, candidate))
  }

  #at(index: number): ZxidPair | undefined {
    const candidate = this.#candidate[index]
    const oracle = this.#oracle[index]
    return candidate === undefined || oracle === undefined ? undefined : { candidate, oracle }
  }
}

/** Index of the last item ≤ value, −1 if there is none. */
function floorIndex(ascending: readonly number[], value: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}
