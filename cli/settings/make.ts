/** Short forms for the rows of the groups: switches, and numbers that set one bound. */
import { type KeeperLimits, LIMITS_DEFAULT } from '../../lib/index.ts'
import { PROXY_DEFAULT, type ProxyOptions } from '../../proxy/index.ts'
import { decimal, fromJavaNumber, parseSwitch, whole } from './parse.ts'
import type { Setting } from './setting.ts'

type Numbers<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T] & string
type Rest<T> = Partial<Omit<Setting<T>, 'name' | 'text'>>

interface Bound {
  /** Such as "<ms>". */
  readonly value: string
  readonly text: string
  /** Smallest value. @default 1 */
  readonly min?: number
  /** Largest value. @default none */
  readonly max?: number
  /** Decimals are allowed: `max` is needed. */
  readonly isDecimal?: boolean
}

function boundOf(
  name: string,
  { value, text, min = 1, max = Number.MAX_SAFE_INTEGER, isDecimal }: Bound,
): Setting<number> {
  const parse = isDecimal === true ? decimal(min, max) : whole(min, max)
  return { name, value, text, parse, fromZookeeper: fromJavaNumber }
}

/** A bound of the library: its default is the library's. */
export const keeperBound = (
  name: string,
  limit: Numbers<KeeperLimits>,
  bound: Bound,
  rest: Rest<number> = {},
): Setting<number> => ({
  ...boundOf(name, bound),
  default: LIMITS_DEFAULT[limit],
  keeper: (n) => ({ [limit]: n }),
  ...rest,
})

/** A bound of the proxy: its default is the proxy's. */
export const proxyBound = (
  name: string,
  option: Numbers<ProxyOptions>,
  bound: Bound,
  rest: Rest<number> = {},
): Setting<number> => ({
  ...boundOf(name, bound),
  default: PROXY_DEFAULT[option],
  proxy: (n) => ({ [option]: n }),
  ...rest,
})

/** Off unless it is given. */
export function switchOf(name: string, text: string, rest: Rest<boolean> = {}): Setting<boolean> {
  return { name, text, parse: parseSwitch, default: false, ...rest }
}
