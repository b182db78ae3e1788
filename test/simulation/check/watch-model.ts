/**
 * The watches of one connection and what they must tell, change by change, in ZooKeeper's order.
 * Neighbour: watches (which walks through a connection with it).
 */
import type { SetWatches } from '../client/requests.ts'
import type { Effect } from './effects.ts'
import { parentOf } from './model.ts'

export const EVENT = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const

export interface Told {
  readonly type: number
  readonly path: string
}

export class WatchModel {
  readonly #data = new Set<string>()
  readonly #child = new Set<string>()
  readonly #persistent = new Set<string>()
  readonly #recursive = new Set<string>()

  watchData(path: string): void {
    this.#data.add(path)
  }
  watchChildren(path: string): void {
    this.#child.add(path)
  }
  watchAlways(path: string, recursive: boolean): void {
    if (recursive) this.#recursive.add(path)
    else this.#persistent.add(path)
  }

  get isEmpty(): boolean {
    return this.#data.size + this.#child.size + this.#persistent.size + this.#recursive.size === 0
  }

  changed(effect: Effect, told: Told[]): void {
    switch (effect.type) {
      case 'create':
        this.#fireData(EVENT.created, effect.path, told)
        this.#fireChild(EVENT.childrenChanged, parentOf(effect.path), told)
        return
      case 'set':
        this.#fireData(EVENT.dataChanged, effect.path, told)
        return
      case 'delete':
        return this.#deleted(effect.path, told)
      case 'close':
        for (const path of effect.paths) this.#deleted(path, told)
    }
  }

  #deleted(path: string, told: Told[]): void {
    const isTold = this.#fireData(EVENT.deleted, path, told)
    const unheard: Told[] = []
    this.#fireChild(EVENT.deleted, path, unheard)
    if (!isTold) told.push(...unheard)
    this.#fireChild(EVENT.childrenChanged, parentOf(path), told)
  }

  #fireData(type: number, path: string, told: Told[]): boolean {
    const isTold =
      this.#data.has(path) || this.#persistent.has(path) || this.#isBelowRecursive(path)
    this.#data.delete(path)
    if (isTold) told.push({ type, path })
    return isTold
  }

  #fireChild(type: number, path: string, told: Told[]): void {
    const isTold = this.#child.has(path) || this.#persistent.has(path)
    this.#child.delete(path)
    if (isTold) told.push({ type, path })
  }

  #isBelowRecursive(path: string): boolean {
    for (let at = path; ; at = parentOf(at)) {
      if (this.#recursive.has(at)) return true
      if (at === '/') return false
    }
  }

  /** Watches of an earlier connection: what has changed since is told at once, the rest is set. */
  setAgain(request: SetWatches, stateOf: StateOf, told: Told[]): void {
    const { relativeZxid } = request
    for (const path of request.data) {
      const node = stateOf(path)
      if (node === undefined) told.push({ type: EVENT.deleted, path })
      else if (node.mzxid > relativeZxid) told.push({ type: EVENT.dataChanged, path })
      else this.#data.add(path)
    }
    for (const path of request.exist) {
      if (stateOf(path) !== undefined) told.push({ type: EVENT.created, path })
      else this.#data.add(path)
    }
    for (const path of request.child) {
      const node = stateOf(path)
      if (node === undefined) told.push({ type: EVENT.deleted, path })
      else if (node.pzxid > relativeZxid) told.push({ type: EVENT.childrenChanged, path })
      else this.#child.add(path)
    }
    for (const path of request.persistent) this.#persistent.add(path)
    for (const path of request.recursive) this.#recursive.add(path)
  }
}

/** The znode at the moment of a setWatches; undefined: there is none. */
export type StateOf = (
  path: string,
) => { readonly mzxid: number; readonly pzxid: number } | undefined
