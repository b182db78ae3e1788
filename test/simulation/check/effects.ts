/**
 * What a transaction did, in one canonical form: of the store's log and of the model, so that the two
 * can be compared. Neighbours: model, replay, watches.
 */
import type { Op } from '../../../lib/format/ops.ts'
import { sessionName } from '../../../lib/internal.ts'

export type Effect =
  | {
      readonly type: 'create'
      readonly path: string
      readonly data: string
      readonly owner: bigint
      /** 0: none. */
      readonly ttlMs: number
    }
  | { readonly type: 'delete'; readonly path: string }
  | { readonly type: 'set'; readonly path: string; readonly data: string; readonly version: number }
  | { readonly type: 'open'; readonly id: bigint }
  | { readonly type: 'move'; readonly id: bigint; readonly owner: string }
  | { readonly type: 'close'; readonly id: bigint; readonly paths: readonly string[] }
  /** The same, where the log does not name them. */
  | { readonly type: 'end'; readonly id: bigint }
  | { readonly type: 'epoch' }

export function effectOf(op: Op): Effect {
  switch (op.type) {
    case 'create':
      return {
        type: 'create',
        path: op.path,
        data: op.data ?? '',
        owner: op.ephemeralOwner,
        ttlMs: op.ttlMs,
      }
    case 'delete':
      return { type: 'delete', path: op.path }
    case 'setData':
      return { type: 'set', path: op.path, data: op.data ?? '', version: op.version }
    case 'createSession':
      return { type: 'open', id: op.id }
    case 'moveSession':
      return { type: 'move', id: op.id, owner: op.owner }
    case 'closeSession':
      return { type: 'close', id: op.id, paths: op.paths }
    case 'endSession':
      return { type: 'end', id: op.id }
    case 'newEpoch':
      return { type: 'epoch' }
    default:
      throw new Error(`the simulation knows no ${op.type}`)
  }
}

export function show(effects: readonly Effect[]): string {
  return effects
    .map((effect) => {
      switch (effect.type) {
        case 'create': {
          const owner = effect.owner === 0n ? '' : ` of ${sessionName(effect.owner)}`
          return `create ${effect.path} ${effect.data}${owner}${effect.ttlMs > 0 ? ` ${effect.ttlMs} ms` : ''}`
        }
        case 'delete':
          return `delete ${effect.path}`
        case 'set':
          return `set ${effect.path} ${effect.data} v${effect.version}`
        case 'epoch':
          return 'epoch'
        case 'close':
          return `close ${sessionName(effect.id)} ${[...effect.paths].sort().join(' ')}`
        default:
          return `${effect.type} ${sessionName(effect.id)}`
      }
    })
    .join('; ')
}
