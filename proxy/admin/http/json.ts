/**
 * JSON in pieces: of what grows with clients or znodes, each piece is made when it is sent. Session ids are whole numbers beyond
 * what JavaScript's numbers hold, as in ZooKeeper's own answers. Neighbours: call, listings.
 */

/** An object whose members are made one by one. */
export class JsonMembers {
  readonly entries: Iterable<readonly [string, unknown]>
  constructor(entries: Iterable<readonly [string, unknown]>) {
    this.entries = entries
  }
}

const isIterable = (value: object): value is Iterable<unknown> => Symbol.iterator in value

/** What is undefined is left out; an iterable is an array. A bigint is a number. */
export function* jsonPieces(value: unknown): Generator<string> {
  if (typeof value === 'bigint') yield String(value)
  else if (typeof value !== 'object' || value === null) yield JSON.stringify(value) ?? 'null'
  else if (value instanceof JsonMembers) yield* membersOf(value.entries)
  else if (isIterable(value)) yield* elementsOf(value)
  else yield* membersOf(Object.entries(value))
}

function* elementsOf(values: Iterable<unknown>): Generator<string> {
  let separator = '['
  for (const value of values) {
    yield separator
    yield* jsonPieces(value)
    separator = ','
  }
  yield separator === '[' ? '[]' : ']'
}

function* membersOf(entries: Iterable<readonly [string, unknown]>): Generator<string> {
  let separator = '{'
  for (const [name, value] of entries) {
    if (value === undefined) continue
    yield `${separator}${JSON.stringify(name)}:`
    yield* jsonPieces(value)
    separator = ','
  }
  yield separator === '{' ? '{}' : '}'
}

/** The whole of it, of what is small. */
export function toJson(value: unknown): string {
  let text = ''
  for (const piece of jsonPieces(value)) text += piece
  return text
}
