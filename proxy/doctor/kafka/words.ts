/** Lists of brokers and the like, as a sentence has them. */

const SHOWN = 12

/** `1, 2 and 3`; of a long list its beginning. */
export function listed(items: readonly (number | string)[]): string {
  if (items.length > SHOWN) {
    return `${items.slice(0, SHOWN).join(', ')} and ${items.length - SHOWN} more`
  }
  if (items.length < 2) return items.join()
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** `broker 1`, `brokers 1 and 2`, `no broker`. */
export function brokers(ids: readonly number[]): string {
  if (ids.length === 0) return 'no broker'
  return `${ids.length === 1 ? 'broker' : 'brokers'} ${listed(ids)}`
}

/** `1 topic`, `2 topics`. */
export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`

/** `is` or `are`. */
export const be = (items: readonly unknown[]): string => (items.length > 1 ? 'are' : 'is')

/** A sentence begins with it. */
export const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`

export const sessionText = (id: bigint): string => `0x${BigInt.asUintN(64, id).toString(16)}`

/** A name in the tree, harmless on a terminal. */
export const printable = (name: string): string => name.slice(0, 300).replace(/[^\x20-\x7e]/g, '·')
