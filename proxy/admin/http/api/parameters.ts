/** Parameters of the API: what cannot be one is answered with 400 and a sentence. */
import { isValidPath } from '../../../../lib/internal.ts'
import { HttpError } from '../call.ts'

/** @throws {HttpError} it is no whole number in the range */
export function wholeOf(
  query: URLSearchParams,
  name: string,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  const text = query.get(name)
  if (text === null) return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max) {
    throw new HttpError(400, `${name} must be a whole number from ${min} to ${max}.`)
  }
  return value
}

/** @throws {HttpError} it is none of them */
export function choiceOf<T extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const text = query.get(name) ?? choices[0]
  const chosen = choices.find((choice) => choice === text)
  if (chosen === undefined)
    throw new HttpError(400, `${name} must be one of ${choices.join(', ')}.`)
  return chosen
}

/** @throws {HttpError} it is no path of a znode */
export function pathOf(query: URLSearchParams, name: string): string {
  const path = query.get(name) ?? '/'
  if (!isValidPath(path)) throw new HttpError(400, `${name} must be the path of a znode.`)
  return path
}

/** A switch: "?name" and "?name=true" turn it on. */
export function isOn(query: URLSearchParams, name: string): boolean {
  const text = query.get(name)
  if (text === null || text === 'false' || text === '0') return false
  if (text === '' || text === 'true' || text === '1') return true
  throw new HttpError(400, `${name} must be true or false.`)
}

/** @throws {HttpError} there are parameters that the route does not know, or twice the same */
export function onlyKnown(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name)) {
      throw new HttpError(400, `There is no parameter ${name}. Known: ${known.join(', ')}.`)
    }
    if (query.getAll(name).length > 1) throw new HttpError(400, `${name} is given twice.`)
  }
}
