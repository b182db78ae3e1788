/** From a method and a path to what answers them. Neighbours: http-listener, the routes. */
import { type Call, HttpError } from './call.ts'

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** A segment that begins with ":" matches any one. */
  readonly path: string
  handle(call: Call): void | Promise<void>
}

interface Known {
  readonly segments: readonly string[]
  readonly route: Route
}

export class Router {
  readonly #known: Known[] = []

  add(...routes: readonly Route[]): this {
    for (const route of routes) this.#known.push({ segments: route.path.split('/'), route })
    return this
  }

  /** @throws {HttpError} 404: nothing is there; 405: not with this method */
  async handle(call: Call): Promise<void> {
    const path =
      call.path.length > 1 && call.path.endsWith('/') ? call.path.slice(0, -1) : call.path
    const segments = path.split('/')
    const allowed: string[] = []
    for (const { segments: pattern, route } of this.#known) {
      const params = match(pattern, segments)
      if (params === undefined) continue
      if (route.method !== call.method) {
        allowed.push(route.method)
        continue
      }
      call.params = params
      return route.handle(call)
    }
    if (allowed.length === 0) throw new HttpError(404, `There is nothing at ${path}.`)
    const allow = allowed.join(', ')
    throw new HttpError(405, `${path} takes ${allow}, not ${call.method}.`, { allow })
  }
}

function match(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of pattern.entries()) {
    const segment = segments[i] as string
    if (part.startsWith(':')) {
      const value = decoded(segment)
      if (value === undefined) return undefined
      params[part.slice(1)] = value
    } else if (part !== segment) return undefined
  }
  return params
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
