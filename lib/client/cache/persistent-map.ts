/**
 * A map of strings that never changes: with() and without() return another one, which shares all but a few nodes with
 * this one. A hash array mapped trie, 32 ways. Neighbour: cache-image.
 */

/** Bits of the hash that one level takes. */
const BITS = 5
const WAYS = 2 ** BITS
/** Below it the hash is used up, and entries are a list. */
const DEPTH_MAX = 32

interface Entry<V> {
  readonly hash: number
  readonly key: string
  readonly value: V
}
/** Of the ways that are taken, a bit each, the entry or branch; or all entries of one hash. */
interface Branch<V> {
  readonly taken: number
  readonly slots: readonly Slot<V>[]
}
type Slot<V> = Entry<V> | Branch<V>

const isBranch = <V>(slot: Slot<V>): slot is Branch<V> => 'slots' in slot
const NONE: Branch<never> = { taken: 0, slots: [] }

export class PersistentMap<V> implements Iterable<readonly [key: string, value: V]> {
  readonly size: number
  readonly #root: Branch<V>

  private constructor(root: Branch<V>, size: number) {
    this.#root = root
    this.size = size
  }

  static empty<V>(): PersistentMap<V> {
    return new PersistentMap<V>(NONE, 0)
  }

  get(key: string): V | undefined {
    const hash = hashOf(key)
    let branch = this.#root
    for (let shift = 0; shift < DEPTH_MAX; shift += BITS) {
      const bit = bitOf(hash, shift)
      if ((branch.taken & bit) === 0) return undefined
      const slot = branch.slots[indexOf(branch.taken, bit)] as Slot<V>
      if (!isBranch(slot)) return slot.key === key ? slot.value : undefined
      branch = slot
    }
    return (branch.slots as readonly Entry<V>[]).find((entry) => entry.key === key)?.value
  }

  has(key: string): boolean {
    return this.get(key) !== undefined
  }

  /** `value` must not be undefined. */
  with(key: string, value: V): PersistentMap<V> {
    const grown = this.has(key) ? 0 : 1
    const root = put(this.#root, { hash: hashOf(key), key, value }, 0)
    return new PersistentMap(root, this.size + grown)
  }

  without(key: string): PersistentMap<V> {
    if (!this.has(key)) return this
    const root = remove(this.#root, hashOf(key), key, 0)
    return new PersistentMap<V>(
      root === undefined || !isBranch(root) ? wrap(root) : root,
      this.size - 1,
    )
  }

  *[Symbol.iterator](): Generator<readonly [key: string, value: V]> {
    yield* entriesOf(this.#root)
  }

  *keys(): Generator<string> {
    for (const [key] of this) yield key
  }
}

function* entriesOf<V>({ slots }: Branch<V>): Generator<readonly [string, V]> {
  for (const slot of slots) {
    if (isBranch(slot)) yield* entriesOf(slot)
    else yield [slot.key, slot.value]
  }
}

/** FNV-1a. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash
}

const bitOf = (hash: number, shift: number): number => 1 << ((hash >>> shift) & (WAYS - 1))

/** Of the slot for `bit`, among those that are taken. */
function indexOf(taken: number, bit: number): number {
  let below = taken & (bit - 1)
  below -= (below >>> 1) & 0x55555555
  below = (below & 0x33333333) + ((below >>> 2) & 0x33333333)
  return Math.imul((below + (below >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function put<V>(branch: Branch<V>, entry: Entry<V>, shift: number): Branch<V> {
  const { taken, slots } = branch
  if (shift >= DEPTH_MAX) {
    const others = (slots as readonly Entry<V>[]).filter(({ key }) => key !== entry.key)
    return { taken, slots: [...others, entry] }
  }
  const bit = bitOf(entry.hash, shift)
  const index = indexOf(taken, bit)
  if ((taken & bit) === 0) return { taken: taken | bit, slots: slots.toSpliced(index, 0, entry) }
  const slot = slots[index] as Slot<V>
  return { taken, slots: slots.with(index, putInto(slot, entry, shift + BITS)) }
}

function putInto<V>(slot: Slot<V>, entry: Entry<V>, shift: number): Slot<V> {
  if (isBranch(slot)) return put(slot, entry, shift)
  if (slot.key === entry.key) return entry
  return put(put(NONE as Branch<V>, slot, shift), entry, shift)
}

/** The key is there. undefined: nothing is left; an entry: it alone is. */
function remove<V>(
  branch: Branch<V>,
  hash: number,
  key: string,
  shift: number,
): Slot<V> | undefined {
  const { taken, slots } = branch
  if (shift >= DEPTH_MAX) {
    const others = (slots as readonly Entry<V>[]).filter((entry) => entry.key !== key)
    return others.length === 1 ? others[0] : { taken, slots: others }
  }
  const bit = bitOf(hash, shift)
  const index = indexOf(taken, bit)
  const slot = slots[index] as Slot<V>
  const left = isBranch(slot) ? remove(slot, hash, key, shift + BITS) : undefined
  if (left !== undefined) {
    if (slots.length === 1 && !isBranch(left)) return left
    return { taken, slots: slots.with(index, left) }
  }
  if (slots.length === 1) return undefined
  const others = slots.toSpliced(index, 1)
  const [only] = others
  if (others.length === 1 && only !== undefined && !isBranch(only)) return only
  return { taken: taken & ~bit, slots: others }
}

/** A root of at most one entry. */
function wrap<V>(entry: Entry<V> | undefined): Branch<V> {
  return entry === undefined ? (NONE as Branch<V>) : put(NONE as Branch<V>, entry, 0)
}
