/**
 * What a recipe is given, checked at its door, and read once: as all arguments are, in the error class of recipes. Neighbours:
 * arguments, wait-scope.
 */
import { ZnodeError } from '../../model/errors.ts'
import {
  checkBoolean,
  checkCallback,
  checkData,
  checked,
  checkOptions,
  checkText,
} from '../arguments.ts'

/** @throws {TypeError} what the check refuses; what an argument threw while it was read is its cause */
function inRecipe<T>(check: () => T): T {
  try {
    return checked(check)
  } catch (error) {
    if (!(error instanceof ZnodeError)) throw error
    throw new TypeError(
      error.message,
      error.cause === undefined ? undefined : { cause: error.cause },
    )
  }
}

/** The options, each read once. @throws {TypeError} no object, an option that is not known, or one that threw */
export function readOptions<T extends object>(
  options: unknown,
  names: readonly (keyof T & string)[],
): Partial<T> {
  return inRecipe(() => checkOptions(options, names)) as Partial<T>
}

/** A callback that may be missing. @throws {TypeError} */
export function callbackOf<T>(callback: T, name: string): T {
  return inRecipe(() => checkCallback(callback, name))
}

/** A callback. @throws {TypeError} */
export function neededCallback<T>(callback: T, name: string): T {
  if (callback === undefined) throw new TypeError(`${name} must be a function`)
  return callbackOf(callback, name)
}

/** true or false; undefined: false. @throws {TypeError} */
export function flagOf(value: unknown, name: string): boolean {
  return inRecipe(() => checkBoolean(value, name))
}

/** Bytes, copied; undefined or null: none. @throws {TypeError} */
export function dataOf(data: Uint8Array | null | undefined): Uint8Array | null {
  if (data === undefined || data === null) return null
  inRecipe(() => checkData(data))
  return Uint8Array.from(data)
}

/** An id as data, UTF-8; undefined: none. @throws {TypeError} */
export function idDataOf(id: unknown): Uint8Array | null {
  return id === undefined ? null : Buffer.from(inRecipe(() => checkText(id, 'id', 'a string')))
}
