/**
 * What ZooKeeper's tree does, said once more and as plainly as possible: the measure of the simulation.
 * It shares nothing with lib/. A request is planned against it, which gives its answer and its effects;
 * effects are applied under a zxid.
 */
import type { ModelOp, WriteRequest } from '../client/requests.ts'
import type { Effect } from './effects.ts'

export const ERRNO = {
  noNode: -101,
  badVersion: -103,
  noChildrenForEphemerals: -108,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  notExecuted: -2,
} as const

export interface ModelNode {
  data: string
  version: number
  czxid: number
  mzxid: number
  pzxid: number
  creates: number
  readonly children: Set<string>
  readonly owner: bigint
  readonly ttlMs: number
  /** When the request was sent that wrote it last. Simulated ms. */
  touchedMs: number
}

/** One operation's answer. */
export interface Answer {
  readonly err: number
  /** Of a create. */
  readonly path?: string
  /** Of a create or a set: whose Stat is told. */
  readonly about?: string
}

export interface Planned {
  readonly err: number
  /** One per operation of a multi, one otherwise. */
  readonly answers: readonly Answer[]
  readonly effects: readonly Effect[]
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** The tree as a multi sees it: what its earlier operations did lies over the nodes. */
class Overlay {
  readonly changed = new Map<string, ModelNode | undefined>()
  readonly #model: Model

  constructor(model: Model) {
    this.#model = model
  }

  get(path: string): ModelNode | undefined {
    return this.changed.has(path) ? this.changed.get(path) : this.#model.nodes.get(path)
  }

  /** A copy that may be changed. */
  edit(path: string): ModelNode {
    const node = this.get(path) as ModelNode
    const copy = { ...node, children: new Set(node.children) }
    this.changed.set(path, copy)
    return copy
  }
}

export class Model {
  readonly nodes = new Map<string, ModelNode>()
  readonly sessions = new Set<bigint>()
  zxid = 0

  constructor() {
    this.nodes.set('/', emptyNode())
  }

  /** What `request` of this session would be answered now, and what it would change. */
  plan(request: WriteRequest, session: bigint): Planned {
    if (!this.sessions.has(session)) return failed(ERRNO.sessionExpired)
    const view = new Overlay(this)
    const effects: Effect[] = []
    if (request.type === 'close') {
      return { err: 0, answers: [{ err: 0 }], effects: [this.close(session)] }
    }
    if (request.type !== 'multi') {
      const answer = planOne(view, request, session, effects)
      return { err: answer.err, answers: [answer], effects: answer.err === 0 ? effects : [] }
    }
    const answers: Answer[] = []
    for (const op of request.ops) {
      const answer = planOne(view, op, session, effects)
      answers.push(answer)
      if (answer.err === 0) continue
      const all = request.ops.map((_, i): Answer => {
        if (i < answers.length - 1) return { err: 0 }
        return i === answers.length - 1 ? answer : { err: ERRNO.notExecuted }
      })
      return { err: 0, answers: all, effects: [] }
    }
    return { err: 0, answers, effects }
  }

  /** The end of a session, with everything that it owns. */
  close(id: bigint): Effect & { type: 'close' } {
    const paths = [...this.nodes].filter(([, { owner }]) => owner === id).map(([path]) => path)
    return { type: 'close', id, paths }
  }

  /** The same where the log does not name them: every replica removes them in the order of their paths. */
  end(id: bigint): Effect & { type: 'close' } {
    const { type, paths } = this.close(id)
    return { type, id, paths: [...paths].sort() }
  }

  /** `touchedMs`: when the client asked for it. */
  apply(effects: readonly Effect[], zxid: number, touchedMs: number): void {
    this.zxid = zxid
    for (const effect of effects) {
      switch (effect.type) {
        case 'create':
          this.#create(effect, zxid, touchedMs)
          break
        case 'delete':
          this.#delete(effect.path, zxid)
          break
        case 'set': {
          const node = this.nodes.get(effect.path)
          if (node === undefined) break
          node.data = effect.data
          node.version++
          node.mzxid = zxid
          node.touchedMs = touchedMs
          break
        }
        case 'open':
          this.sessions.add(effect.id)
          break
        case 'close':
          for (const path of effect.paths) this.#delete(path, zxid)
          this.sessions.delete(effect.id)
      }
    }
  }

  #create(effect: Effect & { type: 'create' }, zxid: number, touchedMs: number): void {
    const { path, data, owner, ttlMs } = effect
    this.nodes.set(path, { ...emptyNode(), data, owner, ttlMs, touchedMs, ...at(zxid) })
    const parent = this.nodes.get(parentOf(path))
    if (parent === undefined) return
    parent.children.add(nameOf(path))
    parent.creates++
    parent.pzxid = zxid
  }

  #delete(path: string, zxid: number): void {
    this.nodes.delete(path)
    const parent = this.nodes.get(parentOf(path))
    if (parent === undefined) return
    parent.children.delete(nameOf(path))
    parent.pzxid = zxid
  }
}

const at = (zxid: number) => ({ czxid: zxid, mzxid: zxid, pzxid: zxid })

function emptyNode(): ModelNode {
  return {
    data: '',
    version: 0,
    czxid: 0,
    mzxid: 0,
    pzxid: 0,
    creates: 0,
    children: new Set(),
    owner: 0n,
    ttlMs: 0,
    touchedMs: 0,
  }
}

function failed(err: number): Planned {
  return { err, answers: [{ err }], effects: [] }
}

function planOne(view: Overlay, op: ModelOp, session: bigint, effects: Effect[]): Answer {
  if (op.type === 'create') return planCreate(view, op, session, effects)
  const node = view.get(op.path)
  if (node === undefined) return { err: ERRNO.noNode }
  if (op.version !== -1 && op.version !== node.version) return { err: ERRNO.badVersion }
  switch (op.type) {
    case 'check':
      return { err: 0 }
    case 'set': {
      const edited = view.edit(op.path)
      edited.version++
      edited.data = op.data
      effects.push({ type: 'set', path: op.path, data: op.data, version: edited.version })
      return { err: 0, about: op.path }
    }
    case 'delete':
      if (node.children.size > 0) return { err: ERRNO.notEmpty }
      view.edit(parentOf(op.path)).children.delete(nameOf(op.path))
      view.changed.set(op.path, undefined)
      effects.push({ type: 'delete', path: op.path })
      return { err: 0 }
  }
}

function planCreate(
  view: Overlay,
  op: ModelOp & { type: 'create' },
  session: bigint,
  effects: Effect[],
): Answer {
  const parentPath = parentOf(op.path)
  const parent = view.get(parentPath)
  if (parent === undefined) return { err: ERRNO.noNode }
  const isSequential = op.flags === 2 || op.flags === 3
  const path = isSequential ? op.path + String(parent.creates).padStart(10, '0') : op.path
  if (view.get(path) !== undefined) return { err: ERRNO.nodeExists }
  if (parent.owner !== 0n) return { err: ERRNO.noChildrenForEphemerals }
  const edited = view.edit(parentPath)
  edited.creates++
  edited.children.add(nameOf(path))
  const owner = op.flags === 1 || op.flags === 3 ? session : 0n
  const { data, ttlMs } = op
  view.changed.set(path, { ...emptyNode(), data, owner, ttlMs })
  effects.push({ type: 'create', path, data, owner, ttlMs })
  return { err: 0, path, about: path }
}
