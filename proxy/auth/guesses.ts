/**
 * Wrong passwords by address: above so many in a minute, further ones of that address are not looked at. What a right password
 * costs nobody counts, so clients that know theirs are not bounded. Neighbours: authentication, admin/http/guard.
 */
import { isIPv6 } from 'node:net'

const MINUTE_MS = 60_000
/** A host may have this much of an IPv6 address to itself: four groups of 16 bits. */
const GROUPS_OF_ONE_HOST = 4

/** How many wrong passwords there may be, and for how many addresses that is kept. */
export interface GuessBounds {
  /** Wrong passwords of one address in a minute; 0: any number. */
  readonly authFailuresMax: number
  /** Addresses whose wrong passwords are remembered: above it those whose last one is oldest are forgotten. */
  readonly authFailureAddressesMax: number
}

/** Where nobody sets others. */
export const GUESS_BOUNDS_DEFAULT: GuessBounds = {
  authFailuresMax: 60,
  authFailureAddressesMax: 10_000,
}

interface Failures {
  /** Those that are not made up for by time: as of then. May be above the bound, where many were in flight. */
  count: number
  atMs: number
}

export class Guesses {
  /** Attempts that were not looked at. */
  throttled = 0
  /** By address; those whose last wrong password is oldest first. */
  readonly #failures = new Map<string, Failures>()
  readonly #bounds: () => GuessBounds
  readonly #now: () => number

  /** @param now monotonic, ms */
  constructor(bounds: () => GuessBounds, now: () => number) {
    this.#bounds = bounds
    this.#now = now
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#failures.size
  }

  /** Has this address had its wrong passwords? Then this attempt is not to be looked at; it is counted. */
  throttles(address: string): boolean {
    const { authFailuresMax } = this.#bounds()
    if (authFailuresMax === 0 || this.#failures.size === 0) return false
    const found = this.#failures.get(hostOf(address))
    if (found === undefined || this.#left(found) + 1 <= authFailuresMax) return false
    this.throttled++
    return true
  }

  /** One more wrong password. */
  failed(address: string): void {
    const { authFailuresMax, authFailureAddressesMax } = this.#bounds()
    if (authFailuresMax === 0) return this.#failures.clear()
    const host = hostOf(address)
    const found = this.#failures.get(host)
    this.#failures.delete(host)
    const count = found === undefined ? 0 : this.#left(found)
    this.#failures.set(host, { count: count + 1, atMs: this.#now() })
    for (const oldest of this.#failures.keys()) {
      const isForgiven = this.#left(this.#failures.get(oldest) as Failures) === 0
      if (!isForgiven && this.#failures.size <= authFailureAddressesMax) return
      this.#failures.delete(oldest)
    }
  }

  #left({ count, atMs }: Failures): number {
    const madeUp = ((this.#now() - atMs) * this.#bounds().authFailuresMax) / MINUTE_MS
    return Math.max(0, count - madeUp)
  }
}

/** The network that one host can choose its addresses from. */
function hostOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address
  const [left = '', right] = (address.split('%')[0] as string).split('::')
  const groups = (text: string | undefined) => (text ? text.split(':') : [])
  const before = groups(left)
  const after = groups(right)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].slice(0, GROUPS_OF_ONE_HOST).join(':')
}
