/**
 * The names of options at a door of the package: one that is not known is refused, so that a typing error does not pass for the
 * default. Neighbour: client/arguments.
 */
import { isProxy, isUint8Array } from 'node:util/types'

const SHOWN_CHARACTERS_MAX = 80

/** As an error message shows it. Runs no code of the caller's. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const rest = value.length > SHOWN_CHARACTERS_MAX ? '…' : ''
      return JSON.stringify(value.slice(0, SHOWN_CHARACTERS_MAX)) + rest
    }
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'undefined':
      return String(value).slice(0, SHOWN_CHARACTERS_MAX)
    case 'object':
      if (value === null) return 'null'
      // Array.isArray throws on a revoked proxy.
      if (isProxy(value)) return 'a proxy'
      return isUint8Array(value) ? 'a Uint8Array' : Array.isArray(value) ? 'an array' : 'an object'
    default:
      return `a ${typeof value}`
  }
}

/** The names of all options of `T`: the compiler wants each of them. */
export function optionNames<T>(
  names: Readonly<Record<keyof T & string, true>>,
): readonly (keyof T & string)[] {
  return Object.keys(names) as (keyof T & string)[]
}

/** Makes the error of a door. */
export type Refuse = (message: string, cause?: unknown) => Error

const typeError: Refuse = (message, cause) => {
  return new TypeError(message, cause === undefined ? undefined : { cause })
}

/**
 * Looks at the names of options, and at no value. undefined: there are none. `what` is for the message.
 * @throws what `refuse` makes: it is no object, a name is not known, or a proxy threw; {TypeError} by default
 */
export function checkNames(
  options: unknown,
  names: readonly string[],
  refuse: Refuse = typeError,
  what = 'options',
): void {
  if (options === undefined) return
  for (const name of namesIn(options, refuse, what)) {
    if (!names.includes(name)) {
      throw refuse(`unknown option ${shown(name)}; known are ${names.join(', ')}`)
    }
  }
}

function namesIn(options: unknown, refuse: Refuse, what: string): readonly string[] {
  let found: readonly string[] | undefined
  try {
    const isObject = typeof options === 'object' && options !== null && !Array.isArray(options)
    if (isObject) found = Object.keys(options)
  } catch (error) {
    throw refuse(`${what} threw while they were read`, error)
  }
  if (found === undefined) throw refuse(`${what} must be an object, got ${shown(options)}`)
  return found
}
