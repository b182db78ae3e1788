/** What a connection sends first is four bytes: a four-letter word, or the length of a packet. Neighbour: connection. */
export class FirstBytes {
  #held: Buffer | undefined

  /** @returns all that came so far, at least four bytes; undefined: they are not complete */
  add(input: Buffer): Buffer | undefined {
    const bytes = this.#held === undefined ? input : Buffer.concat([this.#held, input])
    this.#held = bytes.length < 4 ? bytes : undefined
    return this.#held === undefined ? bytes : undefined
  }
}

/** The word that they are if they are one. */
export const wordOf = (bytes: Buffer): string => bytes.toString('latin1', 0, 4)
