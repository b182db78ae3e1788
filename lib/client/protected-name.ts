/** Names that no other znode has: random ones, and Curator's protected ones. Neighbours: protected-create, recipes/contender-name. */
import type { Random } from '../base/clock.ts'
import { childOf } from '../model/path.ts'
import { badArgument } from './arguments.ts'

/** 32 hex digits. */
export function newHex(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex')
}

/** Version 4, variant 10: Curator takes only a well-formed UUID for a protected name. */
export function newUuid(random: Random): string {
  const hex = newHex(random)
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join('-')
}

/** What a protected name begins with, and no other name does. Source: ProtectedUtils. */
export function newProtectedPrefix(random: Random): string {
  return `_c_${newUuid(random)}-`
}

export interface ProtectedName {
  readonly parent: string
  readonly prefix: string
  /** With the prefix before its name; without the number that follows a sequential one. */
  readonly path: string
}

/** `path`: as it would be created without protection. @throws {ZnodeError} ZK_BAD_ARGUMENTS: the root has no name */
export function newProtectedName(
  path: string,
  isSequential: boolean,
  random: Random,
): ProtectedName {
  if (path === '/' && !isSequential)
    throw badArgument('the root cannot be created, protected or not')
  // The name of a sequential one may be empty: its path ends with "/".
  const slash = path.lastIndexOf('/')
  const parent = slash === 0 ? '/' : path.slice(0, slash)
  const prefix = newProtectedPrefix(random)
  return { parent, prefix, path: childOf(parent, `${prefix}${path.slice(slash + 1)}`) }
}
