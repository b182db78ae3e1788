/**
 * Znodes made once: each has an identity as its data. What was acknowledged is there once, what was
 * refused is nowhere, what is unknown is there at most once. One chapter of the load has its own.
 */
import type { Witness } from './witness.ts'

type State = 'acked' | 'unknown' | 'refused' | 'deleted' | 'maybe deleted'

interface Made {
  state: State
  /** Where it is: known from the start, or from the answer (sequential). */
  path: string | undefined
}

export class OnceCheck {
  readonly #witness: Witness
  readonly #made = new Map<string, Made>()
  /** Pairs made by one multi, by the identity of their first half. */
  readonly #twins = new Map<string, string>()
  #sequenceFloor = -1

  constructor(witness: Witness) {
    this.#witness = witness
  }

  /** What a sequential create called now has to be above. */
  get sequenceFloor(): number {
    return this.#sequenceFloor
  }

  note(id: string, state: State, path?: string): void {
    this.#made.set(id, { state, path })
  }

  twins(first: string, second: string): void {
    this.#twins.set(first, second)
  }

  /** @param floor the `sequenceFloor` at the call. */
  sequence(id: string, path: string, floor: number): void {
    const number = Number(path.slice(-10))
    if (number <= floor) {
      this.#bad('sequence not unique or in order', `${id} got ${path}, ${floor} was given before`)
    }
    this.#sequenceFloor = Math.max(this.#sequenceFloor, number)
    this.note(id, 'acked', path)
  }

  /** @param found data by path, everything below the chapter's folders. */
  atRest(found: ReadonlyMap<string, string>): void {
    const pathsOf = new Map<string, string[]>()
    for (const [path, id] of found) pathsOf.set(id, [...(pathsOf.get(id) ?? []), path])
    for (const [id, { state, path }] of this.#made) {
      const paths = pathsOf.get(id) ?? []
      pathsOf.delete(id)
      const seen = `${id} (${state}, ${path}) is at [${paths.join(' ')}]`
      if (paths.length > 1) this.#bad('made twice', seen)
      if (state === 'acked' && paths.length === 0) this.#bad('acknowledged write lost', seen)
      if (state === 'acked' && path !== undefined && paths.length === 1 && paths[0] !== path) {
        this.#bad('somewhere else than answered', seen)
      }
      if ((state === 'refused' || state === 'deleted') && paths.length > 0) {
        this.#bad(state === 'refused' ? 'refused, yet seen' : 'deleted, yet seen', seen)
      }
    }
    for (const [id, paths] of pathsOf) this.#bad('made by nobody', `${id} at ${paths.join(' ')}`)
    const present = new Set(found.values())
    for (const [first, second] of this.#twins) {
      if (present.has(first) !== present.has(second)) {
        this.#bad('torn multi', `${first} ${present.has(first)}, ${second} ${present.has(second)}`)
      }
    }
  }

  #bad(kind: string, text: string): void {
    this.#witness.violation(kind, text)
  }
}
