/** Numbers as the data of a znode, as Curator and kazoo write them. Pure. Neighbours: shared-count, atomic-counter. */
import { ZK_ERRORS, ZnodeError } from '../../model/errors.ts'

/**
 * Whose counters share the znode.
 *
 * - `curator`: Curator's DistributedAtomicLong: 8 bytes, big-endian. Values beyond ±(2⁵³ − 1) are refused.
 * - `curator-int`: Curator's DistributedAtomicInteger and SharedCount, kazoo's Counter with `support_curator`: 4 bytes, big-endian.
 * - `kazoo`: kazoo's Counter: a whole number in decimal digits, within ±(2⁵³ − 1).
 * - `kazoo-float`: kazoo's Counter with a float for its default.
 */
export type CounterLayout = 'curator' | 'curator-int' | 'kazoo' | 'kazoo-float'

export interface CounterCodec {
  /** @throws {RangeError} not a value of the layout */
  encode(value: number): Uint8Array
  /** Empty data are `initial`. @throws {ZnodeError} ZK_MARSHALLING: no value of the layout */
  decode(data: Uint8Array | null, initial: number, path: string): number
}

interface Format {
  readonly what: string
  readonly isValid: (value: number) => boolean
  readonly write: (value: number) => Uint8Array
  /** undefined: it is none. */
  readonly read: (data: Buffer) => number | undefined
}

const isInt32 = (value: number): boolean => (value | 0) === value
const WHOLE = /^[+-]?\d+$/
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

const text = (pattern: RegExp) => (data: Buffer) => {
  const found = data.toString('latin1').trim()
  return pattern.test(found) ? Number(found) : undefined
}

const FORMATS: Record<CounterLayout, Format> = {
  curator: {
    what: 'a safe integer',
    isValid: Number.isSafeInteger,
    write: (value) => {
      const data = Buffer.alloc(8)
      data.writeBigInt64BE(BigInt(value))
      return data
    },
    read: (data) => (data.length < 8 ? undefined : Number(data.readBigInt64BE())),
  },
  'curator-int': {
    what: 'an integer of 32 bits',
    isValid: isInt32,
    write: (value) => {
      const data = Buffer.alloc(4)
      data.writeInt32BE(value)
      return data
    },
    read: (data) => (data.length < 4 ? undefined : data.readInt32BE()),
  },
  kazoo: {
    what: 'a safe integer',
    isValid: Number.isSafeInteger,
    write: (value) => Buffer.from(String(value)),
    read: text(WHOLE),
  },
  'kazoo-float': {
    what: 'a finite number',
    isValid: Number.isFinite,
    write: (value) => Buffer.from(String(value)),
    read: text(FLOAT),
  },
}

/** @throws {TypeError} an unknown layout */
export function codecOf(layout: CounterLayout): CounterCodec {
  const format = Object.hasOwn(FORMATS, layout) ? FORMATS[layout] : undefined
  if (format === undefined) throw new TypeError(`no such layout: ${String(layout)}`)
  const { what, isValid, write, read } = format
  return {
    encode(value) {
      // −0 is written as 0.
      if (typeof value !== 'number' || !isValid(value)) {
        throw new RangeError(`the value must be ${what}, got ${String(value)}`)
      }
      return write(value + 0)
    },
    decode(data, initial, path) {
      if (data === null || data.length === 0) return initial
      const value = read(Buffer.from(data))
      if (value !== undefined && isValid(value)) return value
      const { errno } = ZK_ERRORS.MARSHALLING
      throw new ZnodeError(errno, path, { message: `the data are not ${what}` })
    },
  }
}
