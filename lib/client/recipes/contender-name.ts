/**
 * Names of the znodes that stand in line, as Curator and kazoo write them, and the order among all of them. Pure
 * but for the random part. Neighbours: own-znode, contend.
 */
import type { Random } from '../../base/clock.ts'
import { newHex, newProtectedPrefix } from '../protected-name.ts'

/**
 * Whose contenders wait for ours. Ours wait for every contender of the line, whatever its name begins with.
 *
 * - `curator`: `_c_<uuid>-lock-0000000000`, `_c_<uuid>-latch-0000000000`, `_c_<uuid>-__READ__0000000000`,
 *   `_c_<uuid>-__WRIT__0000000000`. InterProcessMutex, LeaderLatch and InterProcessReadWriteLock wait for them; kazoo's
 *   Lock does with `extra_lock_patterns=['-lock-']`.
 * - `kazoo`: `<32 hex digits>__lock__0000000000`, `<32 hex digits>__rlock__0000000000`. Lock, Election, ReadLock and
 *   WriteLock wait for them; Curator does not.
 *
 * No name is recognised by both without that option, so one path has one layout.
 */
export type ContenderLayout = 'curator' | 'kazoo'

/** What a contender wants. Only readers stand beside each other: all others exclude all others. */
export type ContenderKind = 'lock' | 'latch' | 'read' | 'write'

/** What a recipe appends to the part of the name that is its own. */
const KINDS: Record<ContenderLayout, Record<ContenderKind, string>> = {
  curator: { lock: 'lock-', latch: 'latch-', read: '__READ__', write: '__WRIT__' },
  kazoo: { lock: '__lock__', latch: '__lock__', read: '__rlock__', write: '__lock__' },
}

/** @throws {TypeError} an unknown layout */
export function checkLayout(layout: ContenderLayout): ContenderLayout {
  if (layout !== 'curator' && layout !== 'kazoo') {
    throw new TypeError(`no such layout: ${String(layout)}`)
  }
  return layout
}

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
  const prefix = newPrefix(layout, random)
  return { prefix, base: `${prefix}${KINDS[layout][kind]}` }
}

/** What no other name begins with. @throws {TypeError} an unknown layout */
export function newPrefix(layout: ContenderLayout, random: Random): string {
  return checkLayout(layout) === 'kazoo' ? newHex(random) : newProtectedPrefix(random)
}

/** Sequence numbers are written with %010d; behind 2147483647 comes -2147483648. */
const SEQUENCE = /^(?:.*?[-_])??(-?\d{10}|-\d{9})$/

/** The sequence number at the end of a name, as it is written there; undefined: it is not a contender. */
export function sequenceText(name: string): string | undefined {
  return SEQUENCE.exec(name)?.[1]
}

/** The sequence number at the end of a name; undefined: it is not a contender. */
export function sequenceOf(name: string): number | undefined {
  const digits = sequenceText(name)
  return digits === undefined ? undefined : Number(digits)
}

const READER = /__(?:READ|rlock)__(?:-?\d{10}|-\d{9})$/

/** A contender that only readers do not wait for, in either layout. */
export function isReader(name: string): boolean {
  return READER.test(name)
}

/**
 * Contenders in the order of their coming, whatever their names begin with. Sequence numbers are signed 32-bit, and wrap around: those of
 * one line are near each other, so the first one is behind the widest gap. All clients find the same one, also where somebody made up
 * numbers that are not near, or one that is there twice.
 */
export function inOrder(names: readonly string[]): string[] {
  const numbered: Numbered[] = []
  for (const name of names) {
    const sequence = sequenceOf(name)
    if (sequence !== undefined) numbered.push({ sequence: sequence >>> 0, name })
  }
  numbered.sort((a, b) => a.sequence - b.sequence || (a.name < b.name ? -1 : 1))
  const first = behindWidestGap(numbered)
  return [...numbered.slice(first), ...numbered.slice(0, first)].map(({ name }) => name)
}

interface Numbered {
  /** Modulo 2³². */
  readonly sequence: number
  readonly name: string
}

/** Of numbers that grow, on a circle; of gaps that are equal the one at its end. */
function behindWidestGap(numbered: readonly Numbered[]): number {
  let first = 0
  let widest = -1
  for (const [place, { sequence }] of numbered.entries()) {
    const before = numbered.at(place - 1)?.sequence ?? sequence
    const gap = (sequence - before) >>> 0
    if (gap > widest) [first, widest] = [place, gap]
  }
  return first
}
