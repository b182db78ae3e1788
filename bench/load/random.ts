/** The same choices in every run: xorshift, because Math.random costs more than a request. */
let state = 0x2545f491

/** From 0 to below `limit`. */
export function random(limit: number): number {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % limit
}

export const randomOf = <T>(choices: readonly T[]): T => choices[random(choices.length)]!
