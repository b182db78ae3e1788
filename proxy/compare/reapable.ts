/**
 * Paths of containers and TTL znodes: each server removes them at a time of its own, so the two may
 * differ for a while and neither is wrong. Neighbour: reply-comparison.
 */
import { CREATE_FLAGS, type CreateRequest, type Request } from '../../lib/internal.ts'
import type { Reply } from '../../lib/protocol/wire/decode-reply.ts'
import type { FieldDifference } from './compare-reply.ts'
import { parentOf } from './event-matcher.ts'

/** Fields that depend on the presence of a znode or of its children. */
const AFFECTED = /(?:^|\.)(?:err|errno|type|children|count|numChildren|cversion|pzxid|length)$/

export class ReapablePaths {
  readonly #paths = new Set<string>()
  readonly #children = new Map<string, number>()

  /** Records what a request created or deleted on the candidate. */
  learn(request: Request, reply: Reply): void {
    if (reply.result === undefined) return
    if (request.type === 'delete') this.#remove(request.path)
    else if (request.type === 'create' && 'path' in reply.result) {
      if (isReaped(request)) this.#add(reply.result.path)
    } else if (request.type === 'multi' && reply.result.type === 'multi') {
      for (const [i, result] of reply.result.results.entries()) {
        const op = request.ops[i]
        if (op?.type === 'create' && 'path' in result && isReaped(op)) this.#add(result.path)
        else if (op?.type === 'delete' && result.type === 'delete') this.#remove(op.path)
      }
    }
  }

  /** Whether one side's removal of a container or TTL znode can explain all these fields. */
  explain(request: Request, fields: readonly FieldDifference[]): boolean {
    if (this.#paths.size === 0) return false
    if (!fields.every(({ field }) => AFFECTED.test(field))) return false
    return pathsOf(request).some(
      (path) =>
        this.#paths.has(path) || this.#paths.has(parentOf(path)) || this.#children.has(path),
    )
  }

  #add(path: string): void {
    if (this.#paths.has(path)) return
    this.#paths.add(path)
    const parent = parentOf(path)
    this.#children.set(parent, (this.#children.get(parent) ?? 0) + 1)
  }

  #remove(path: string): void {
    if (!this.#paths.delete(path)) return
    const parent = parentOf(path)
    const left = (this.#children.get(parent) ?? 1) - 1
    if (left === 0) this.#children.delete(parent)
    else this.#children.set(parent, left)
  }
}

function isReaped({ flags }: CreateRequest): boolean {
  return flags >= CREATE_FLAGS.CONTAINER && flags <= CREATE_FLAGS.PERSISTENT_SEQUENTIAL_WITH_TTL
}

function pathsOf(request: Request): string[] {
  if ('path' in request) return [request.path]
  if ('ops' in request) return request.ops.map(({ path }) => path)
  return []
}
