/** Numbers written into ready-made packets: a path that counts costs no string. Neighbour: link. */
import type { Link } from './link.ts'
import { BODY_AT } from './wire.ts'

/** Of {@link childName}, without its letter. */
export const DIGITS = 10
export const childName = (number: number): string => `c${String(number).padStart(DIGITS, '0')}`

/** A packet whose body begins with a path, and where in that path the digits end. */
export interface Template {
  readonly packet: Buffer
  readonly end: number
}

/** @param path its own last character is the last digit. */
export const template = (packet: Buffer, path: string): Template => ({
  packet,
  end: BODY_AT + 4 + Buffer.byteLength(path) - 1,
})

export function writeDigits(out: Buffer, end: number, digits: number, number: number): void {
  let rest = number
  for (let i = 0; i < digits; i++) {
    out[end - i] = 48 + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

/** Puts the packet with `number` as the last digits of its path. */
export function putNumbered(link: Link, { packet, end }: Template, number: number): void {
  const at = link.put(packet)
  writeDigits(link.out, at + end, DIGITS, number)
}
