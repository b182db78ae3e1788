/** A client whose root is a znode of the tree: its paths as the server has them, and back. Neighbour: client-session. */
import type { ChangeOp, ChangeRecord } from '../model/change.ts'
import type { MultiOp, MultiResult, Result } from '../model/request.ts'
import type { ClientRequest } from './transport.ts'

export class Chroot {
  readonly #prefix: string

  /** `prefix`: path of the client's root; '': the root of the tree. */
  constructor(prefix: string) {
    this.#prefix = prefix === '/' ? '' : prefix
  }

  /** Characters that it adds to a path, at most. */
  get length(): number {
    return this.#prefix.length
  }

  toServer(path: string): string {
    const prefix = this.#prefix
    return prefix === '' ? path : path === '/' ? prefix : prefix + path
  }

  toClient(path: string): string {
    const prefix = this.#prefix
    if (prefix === '') return path
    if (path === prefix) return '/'
    return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path
  }

  request(request: ClientRequest): ClientRequest {
    if (this.#prefix === '') return request
    switch (request.type) {
      case 'multi':
        return { ...request, ops: request.ops.map((op) => this.#op(op)) }
      case 'multiRead':
        return {
          ...request,
          ops: request.ops.map((op) => ({ ...op, path: this.toServer(op.path) })),
        }
      case 'setWatches': {
        const all = (paths: readonly string[]) => paths.map((path) => this.toServer(path))
        return {
          ...request,
          data: all(request.data),
          exist: all(request.exist),
          child: all(request.child),
          persistent: all(request.persistent),
          persistentRecursive: all(request.persistentRecursive),
        }
      }
      case 'getEphemerals':
        return { ...request, prefixPath: this.toServer(request.prefixPath) }
      default:
        return 'path' in request ? { ...request, path: this.toServer(request.path) } : request
    }
  }

  #op(op: MultiOp): MultiOp {
    return { ...op, path: this.toServer(op.path) }
  }

  result(result: Result): Result {
    if (this.#prefix === '') return result
    switch (result.type) {
      case 'path':
      case 'pathStat':
        return { ...result, path: this.toClient(result.path) }
      case 'paths':
        return { ...result, paths: result.paths.map((path) => this.toClient(path)) }
      case 'multi':
        return { ...result, results: result.results.map((one) => this.#one(one)) }
      default:
        return result
    }
  }

  /** Of a change feed whose prefix is this root, or below it. */
  record(record: ChangeRecord): ChangeRecord {
    if (this.#prefix === '') return record
    const below = <T extends { readonly path: string }>(one: T): T => {
      return { ...one, path: this.toClient(one.path) }
    }
    if (record.kind === 'snapshot') return { ...record, znodes: record.znodes.map(below) }
    if (record.kind !== 'change') return record
    const ops = record.ops.map((op): ChangeOp => ('path' in op ? below(op) : op))
    return { ...record, ops }
  }

  #one(result: MultiResult): MultiResult {
    const hasPath = result.type === 'create' || result.type === 'create2'
    return hasPath ? { ...result, path: this.toClient(result.path) } : result
  }
}
