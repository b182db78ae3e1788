/**
 * What a caller passes, checked at the door and copied into plain values: nothing of it reaches a planner, and a later
 * change of an object that was passed has no effect. Each refusal says what is wrong.
 * Source of the rules: PathUtils.validatePath, ZooKeeper.create, EphemeralType.validateTTL. Neighbour: operations.
 */
import { isUint8Array } from 'node:util/types'
import { checkNames, shown } from '../base/known-options.ts'
import { TTL_MS_MAX } from '../base/limits.ts'
import { type ByteString, toByteString } from '../model/byte-string.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import { isValidPath } from '../model/path.ts'
import { type Acl, PERMS } from '../model/request.ts'

const INT32_MAX = 2 ** 31 - 1

/** An error that says what is wrong with an argument: ZK_BAD_ARGUMENTS. */
export function badArgument(message: string, cause?: unknown): ZnodeError {
  return new ZnodeError(ZK_ERRORS.BAD_ARGUMENTS.errno, undefined, { message, cause })
}

/**
 * Runs a check. What an argument throws while it is read (a getter, a proxy) is the cause of a ZnodeError.
 * @throws {ZnodeError} only
 */
export function checked<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (error instanceof ZnodeError) throw error
    throw badArgument('an argument threw while it was read', error)
  }
}

/** Why `path` is not one. Source of the order: PathUtils.validatePath. */
function problemOf(path: string): string {
  if (path === '') return 'path must not be empty'
  if (path[0] !== '/') return `path must start with "/", got ${shown(path)}`
  if (path.endsWith('/')) return `path must not end with "/", got ${shown(path)}`
  const nodes = path.slice(1).split('/')
  if (nodes.includes('')) return `path must not have an empty component ("//"), got ${shown(path)}`
  if (nodes.some((node) => node === '.' || node === '..')) {
    return `path must not be relative ("." or ".."), got ${shown(path)}`
  }
  return `path has a character that ZooKeeper does not allow, got ${shown(path)}`
}

/** `isSequential`: a number will follow, so it may end with "/". */
export function checkPath(path: unknown, isSequential = false): string {
  if (typeof path !== 'string') throw badArgument(`path must be a string, got ${shown(path)}`)
  if (!isValidPath(isSequential ? `${path}1` : path)) throw badArgument(problemOf(path))
  return path
}

/** An expected version: an int32, as on the wire; −1: any. `name` is for the message. */
export function checkVersion(version: unknown, name = 'version'): number {
  if (typeof version !== 'number' || (version | 0) !== version) {
    throw badArgument(`${name} must be an integer of 32 bits, −1 for any, got ${shown(version)}`)
  }
  return version
}

/** Bytes, copied; null: none. */
export function checkData(data: unknown): ByteString | null {
  if (data === null) return null
  if (isUint8Array(data)) return toByteString(data)
  const hint = typeof data === 'string' ? ': use Buffer.from(text)' : ''
  throw badArgument(`data must be a Uint8Array or null, got ${shown(data)}${hint}`)
}

/** The bytes of a record of the protocol: text of one character a byte; null: none. */
export function checkByteString(data: unknown): ByteString | null {
  if (data === null) return null
  if (typeof data !== 'string') {
    throw badArgument(`data of a create record must be a ByteString or null, got ${shown(data)}`)
  }
  for (let i = 0; i < data.length; i++) {
    if (data.charCodeAt(i) > 0xff) {
      throw badArgument('data of a create record has a character that is no byte: use createOp()')
    }
  }
  return data
}

function invalidAcl(message: string): ZnodeError {
  return new ZnodeError(ZK_ERRORS.INVALID_ACL.errno, undefined, { message })
}

/** A list of at least one entry, copied. What its ids mean is judged with the request. */
export function checkAcl(acl: unknown): readonly Acl[] {
  if (!Array.isArray(acl)) throw invalidAcl(`acl must be an array, got ${shown(acl)}`)
  if (acl.length === 0) throw invalidAcl('acl must have at least one entry')
  return copyOf(acl, (entry, i): Acl => {
    const at = `acl[${i}]`
    if (!isObject(entry)) throw invalidAcl(`${at} must be { perms, id }, got ${shown(entry)}`)
    const { perms, id } = entry
    if (typeof perms !== 'number' || (perms & PERMS.ALL) !== perms) {
      throw invalidAcl(`${at}.perms must be a sum of PERMS, 0 to 31, got ${shown(perms)}`)
    }
    if (!isObject(id)) throw invalidAcl(`${at}.id must be { scheme, id }, got ${shown(id)}`)
    const { scheme, id: name } = id
    if (typeof scheme !== 'string') {
      throw invalidAcl(`${at}.id.scheme must be a string, got ${shown(scheme)}`)
    }
    if (typeof name !== 'string') {
      throw invalidAcl(`${at}.id.id must be a string, got ${shown(name)}`)
    }
    return { perms, id: { scheme, id: name } }
  })
}

/** A TTL of a znode, ms: 1 to {@link TTL_MS_MAX}. */
export function checkTtlMs(ttlMs: unknown): number {
  const isWhole = typeof ttlMs === 'number' && Number.isInteger(ttlMs)
  if (isWhole && ttlMs > 0 && ttlMs <= TTL_MS_MAX) return ttlMs
  throw badArgument(`ttlMs must be an integer from 1 to ${TTL_MS_MAX}, got ${shown(ttlMs)}`)
}

/** A session timeout to request, ms. */
export function checkTimeoutMs(timeoutMs: unknown): number {
  const isWhole = typeof timeoutMs === 'number' && Number.isInteger(timeoutMs)
  if (isWhole && timeoutMs > 0 && timeoutMs <= INT32_MAX) return timeoutMs
  throw badArgument(`timeoutMs must be an integer from 1 to ${INT32_MAX}, got ${shown(timeoutMs)}`)
}

/** A span of time, or a size: an integer from 0 on. `name` is for the message. */
export function checkWhole(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw badArgument(`${name} must be an integer from 0 on, got ${shown(value)}`)
}

/** true or false; undefined: false. */
export function checkBoolean(value: unknown, name: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw badArgument(`${name} must be true or false, got ${shown(value)}`)
}

/** An AbortSignal that may be absent. */
export function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw badArgument(`signal must be an AbortSignal, got ${shown(value)}`)
}

/** A text option. `form` is for the message. */
export function checkText(text: unknown, name: string, form: string): string {
  if (typeof text === 'string') return text
  throw badArgument(`${name} must be ${form}, got ${shown(text)}`)
}

/** A callback that may be absent. */
export function checkCallback<T>(callback: T, name: string): T {
  if (callback === undefined || typeof callback === 'function') return callback
  throw badArgument(`${name} must be a function, got ${shown(callback)}`)
}

/** An object with these methods: of its own, or of its class. `name` is for the message. */
export function checkMethods<T extends object>(
  value: unknown,
  methods: readonly (keyof T & string)[],
  name: string,
): T {
  const given = checkRecord(value, name)
  const missing = methods.filter((method) => typeof given[method] !== 'function')
  if (missing.length === 0) return value as T
  const names = (list: readonly string[]): string => list.map((one) => `${one}()`).join(', ')
  throw badArgument(`${name} must have the methods ${names(methods)}; it lacks ${names(missing)}`)
}

/** One of the given words. */
export function checkWord<T extends string>(value: unknown, words: readonly T[], name: string): T {
  const word = words.find((known) => known === value)
  if (word !== undefined) return word
  throw badArgument(`${name} must be one of ${words.join(', ')}, got ${shown(value)}`)
}

/** The options, each read once; a name that is not known is refused. undefined: none. */
export function checkOptions<T extends string>(
  options: unknown,
  names: readonly T[],
  what = 'options',
): Partial<Record<T, unknown>> {
  checkNames(options, names, badArgument, what)
  if (!isObject(options)) return {}
  const read: Partial<Record<T, unknown>> = {}
  for (const name of names) {
    const value = options[name]
    if (value !== undefined) read[name] = value
  }
  return read
}

/** An array. `name` is for the message. */
export function checkArray(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw badArgument(`${name} must be an array, got ${shown(value)}`)
}

/** Maps by number, not by iterator: an array may have one of its own, without an end. */
export function copyOf<T>(array: readonly unknown[], map: (value: unknown, at: number) => T): T[] {
  const copy: T[] = []
  const { length } = array
  for (let i = 0; i < length; i++) copy.push(map(array[i], i))
  return copy
}

/** An object with any fields. `name` is for the message. */
export function checkRecord(value: unknown, name: string): Record<string, unknown> {
  if (isObject(value)) return value
  throw badArgument(`${name} must be an object, got ${shown(value)}`)
}

/** One of the given numbers. `name` is for the message. */
export function checkNumber<T extends number>(
  value: unknown,
  known: readonly T[],
  name: string,
): T {
  const found = known.find((one) => one === value)
  if (found !== undefined) return found
  throw badArgument(`${name} must be one of ${known.join(', ')}, got ${shown(value)}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
