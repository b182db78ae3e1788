/**
 * Names of the znodes that stand in line, as Curator and kazoo write them, and the order among all of them. Pure
 * but for the random part. Neighbours: own-znode, contend.
 */
import type { Random } from '../../base/clock.ts'

/**
 * Whose contenders wait for ours. Ours wait for every contender of the line, whatever its name begins with.
 *
 * - `curator`: `_c_<uuid>-lock-0000000000`, `_c_<uuid>-latch-0000000000`. InterProcessMutex and LeaderLatch wait for
 *   it; kazoo's Lock does with `extra_lock_patterns=['-lock-']`.
 * - `kazoo`: `<32 hex digits>__lock__0000000000`. Lock and Election wait for it; Curator does not.
 *
 * No name is recognised by both without that option, so one path has one layout.
 */
export type ContenderLayout = 'curator' | 'kazoo'

/** What a recipe appends to the part of the name that is its own. */
export type ContenderKind = 'lock' | 'latch'

/** The name to be created, without the sequence number, and the part of it that no other contender has. */
export interface ContenderName {
  readonly base: string
  readonly prefix: string
}

/** A name that no other contender has. @throws {TypeError} an unknown layout */
export function newContenderName(
  layout: ContenderLayout,
  kind: ContenderKind,
  random: Random,
): ContenderName {
  const hex = Buffer.from(random.bytes(16)).toString('hex')
  if (layout === 'kazoo') return { prefix: hex, base: `${hex}__lock__` }
  if (layout !== 'curator') throw new TypeError(`no such layout: ${String(layout)}`)
  // Curator takes only a well-formed UUID for a protected name: version 4, variant 10.
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ]
  const prefix = `_c_${parts.join('-')}-`
  return { prefix, base: `${prefix}${kind}-` }
}

/** Sequence numbers are written with %010d; behind 2147483647 comes -2147483648. */
const SEQUENCE = /^(?:.*?[-_])??(-?\d{10}|-\d{9})$/

/** The sequence number at the end of a name; undefined: it is not a contender. */
export function sequenceOf(name: string): number | undefined {
  const digits = SEQUENCE.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Did `a` come before `b`? Sequence numbers are signed 32-bit, and wrap around. */
const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0

/** Contenders in the order of their coming, whatever their names begin with. */
export function inOrder(names: readonly string[]): string[] {
  const numbered: [sequence: number, name: string][] = []
  for (const name of names) {
    const sequence = sequenceOf(name)
    if (sequence !== undefined) numbered.push([sequence, name])
  }
  numbered.sort(([a], [b]) => (a === b ? 0 : isBefore(a, b) ? -1 : 1))
  return numbered.map(([, name]) => name)
}
