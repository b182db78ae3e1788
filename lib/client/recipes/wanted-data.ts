/**
 * The data that a kept znode is to have, and what became of each that was wanted: written, replaced by later ones, or refused, which
 * leaves those of before wanted. Pure. Neighbours: kept-znode, persistent-node.
 */
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'

/** Data, with their place among all that were wanted. */
export interface DataTurn {
  readonly turn: number
  readonly data: Uint8Array | null
}

interface Refusal {
  /** Those behind this turn, up to that one. */
  readonly after: number
  readonly upTo: number
  readonly error: unknown
}

/** For good, and because of the data: they are too large for a request, the store or a quota. */
export function isRefusal(error: unknown): boolean {
  const { BAD_ARGUMENTS, QUOTA_EXCEEDED } = ZK_ERRORS
  return isZnodeError(error, BAD_ARGUMENTS) || isZnodeError(error, QUOTA_EXCEEDED)
}

export class WantedData {
  #newest: DataTurn
  #written: DataTurn | undefined
  #refusal: Refusal | undefined

  /** `data`: bytes, copied. */
  constructor(data: Uint8Array | null) {
    this.#newest = { turn: 1, data: copyOf(data) }
  }

  /** To be written. */
  get newest(): DataTurn {
    return this.#newest
  }

  /** Some were. */
  get wasWritten(): boolean {
    return this.#written !== undefined
  }

  /** The newest were. */
  get isWritten(): boolean {
    return this.#written?.turn === this.#newest.turn
  }

  /** Bytes, copied. Returns: are they, or later ones, written? It throws why they were refused. */
  want(data: Uint8Array | null): () => boolean {
    const turn = this.#newest.turn + 1
    this.#newest = { turn, data: copyOf(data) }
    return () => {
      const refusal = this.#refusal
      if (refusal !== undefined && refusal.after < turn && turn <= refusal.upTo) throw refusal.error
      return this.#written !== undefined && this.#written.turn >= turn
    }
  }

  written(data: DataTurn): void {
    this.#written = data
  }

  /** They were not written. true: the ones of before are wanted again, unless there are newer ones; false: that is no way out. */
  refused({ turn }: DataTurn, error: unknown): boolean {
    const before = this.#written
    if (!isRefusal(error) || before === undefined || before.turn >= turn) return false
    this.#refusal = { after: before.turn, upTo: turn, error }
    this.#written = { turn, data: before.data }
    if (this.#newest.turn === turn) this.#newest = this.#written
    return true
  }
}

const copyOf = (data: Uint8Array | null): Uint8Array | null =>
  data === null ? null : Uint8Array.from(data)
