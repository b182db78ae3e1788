/** How many connections there are, in all and of each address. Neighbour: server. */
import type { Socket } from 'node:net'

export class Admission {
  readonly #perAddress = new Map<string, number>()
  #count = 0

  get count(): number {
    return this.#count
  }

  /** Counts one more. @returns those of its address */
  add(address: string): number {
    const ofAddress = (this.#perAddress.get(address) ?? 0) + 1
    this.#perAddress.set(address, ofAddress)
    this.#count++
    return ofAddress
  }

  remove(address: string): void {
    const left = (this.#perAddress.get(address) ?? 1) - 1
    if (left === 0) this.#perAddress.delete(address)
    else this.#perAddress.set(address, left)
    this.#count--
  }
}

/** ACLs name IPv4 addresses: an IPv4 client on a dual-stack socket has its IPv4 address. */
export function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress
}
