/** From the text of a setting to its value. What cannot be one is refused with a sentence that says what is expected. */
import { InvalidArgumentError } from 'commander'

export interface HostPort {
  readonly host: string
  readonly port: number
}

export function parseListen(text: string): HostPort {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT, e.g. 127.0.0.1:2181 or [::1]:2181.')
  }
  return { host: match[1] ?? match[2] ?? '', port }
}

/** Host and port as in a connect string. */
export function shownAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** What a parser of numbers takes, both ends included. */
export interface NumberRange {
  readonly min: number
  readonly max: number
  readonly isWhole: boolean
}

type NumberParser = ((text: string) => number) & { readonly range: NumberRange }

const inRange = (range: NumberRange, parse: (text: string) => number): NumberParser =>
  Object.assign(parse, { range })

/** undefined: it parses no numbers. */
export const rangeOf = (parse: (text: string) => unknown): NumberRange | undefined =>
  (parse as Partial<NumberParser>).range

export const parsePositive = inRange({ min: 1, max: 0x7fffffff, isWhole: true }, (text) => {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > 0x7fffffff) {
    throw new InvalidArgumentError('expected a whole number above 0, without a unit.')
  }
  return value
})

export function parsePrefix(text: string): string {
  if (!/^\/[^\0]*[^/\0]$/.test(text)) {
    throw new InvalidArgumentError(
      'expected a path that starts with "/" and does not end with it, e.g. /anykeeper.',
    )
  }
  return text
}

/** A whole number in the range, both ends included. */
export const whole = (min: number, max: number = Number.MAX_SAFE_INTEGER): NumberParser =>
  inRange({ min, max, isWhole: true }, (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max) {
      const range = max < Number.MAX_SAFE_INTEGER ? `to ${max}` : 'on'
      throw new InvalidArgumentError(
        `expected a whole number from ${min} ${range}, without a unit.`,
      )
    }
    return value
  })

/** A number with or without decimals in the range, both ends included. */
export const decimal = (min: number, max: number): NumberParser =>
  inRange({ min, max, isWhole: false }, (text) => {
    const value = Number(text)
    if (!/^\d*\.?\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`expected a number from ${min} to ${max}, e.g. 0.5.`)
    }
    return value
  })

const choice =
  <T extends string>(...choices: readonly T[]) =>
  (text: string): T => {
    const chosen = choices.find((known) => known === text)
    if (chosen === undefined) {
      throw new InvalidArgumentError(`expected one of ${choices.join(', ')}.`)
    }
    return chosen
  }

/** As rows of settings have it: the values, and what parses them. */
export const oneOf = <T extends string>(...choices: readonly T[]) => ({
  choices,
  parse: choice(...choices),
})

/** What a switch may be in a file or a variable. */
export const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
])

/** As ZooKeeper, whatever the case; it also takes yes and no. */
export function parseSwitch(text: string): boolean {
  const value = SWITCHES.get(text.toLowerCase())
  if (value === undefined) throw new InvalidArgumentError('expected true or false.')
  return value
}

export const anyText = (text: string): string => text

/** Java's `Integer.getInteger` and `Long.getLong` take hexadecimal numbers as well. */
export function fromJavaNumber(text: string): string {
  return /^(0x|#)[0-9a-f]+$/i.test(text) ? String(Number(text.replace(/^#/, '0x'))) : text
}

/** ZooKeeper's "not set" is -1 for many numbers. */
export const unlessMinusOne = (text: string): string | undefined =>
  text === '-1' ? undefined : fromJavaNumber(text)
