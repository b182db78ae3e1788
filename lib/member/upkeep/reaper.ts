/**
 * Removes empty containers and expired TTL znodes (C1, C2). One live proxy does it; the planner
 * checks again what it finds. Source: ZooKeeper's ContainerManager.
 */
import type { Clock } from '../../base/clock.ts'
import { KIND } from '../../model/znode.ts'
import type { GroupCommitter } from '../commit/group-committer.ts'
import { OwnTask } from '../commit/task.ts'
import type { DataTree } from '../tree/data-tree.ts'

export function reapableNow(tree: DataTree, now: number): string[] {
  const due: string[] = []
  for (const path of tree.reapable) {
    const node = tree.get(path)
    if (node === undefined || node.childCount > 0) continue
    // A container that never had a child stays: its creator may be about to use it.
    if (node.kind === KIND.container ? node.creates > 0 : now - node.mtime > node.ttlMs) {
      due.push(path)
    }
  }
  return due
}

export interface ReaperOptions {
  readonly clock: Clock
  readonly committer: GroupCommitter
  readonly tree: () => DataTree
  /** One of the live proxies reaps. */
  readonly isMyTurn: () => boolean
  readonly intervalMs: number
  readonly perMinuteMax: number
}

export class Reaper {
  reapedCount = 0
  #cancel: (() => void) | undefined
  readonly #options: ReaperOptions

  constructor(options: ReaperOptions) {
    this.#options = options
    this.#schedule()
  }

  stop(): void {
    this.#cancel?.()
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#options
    this.#cancel = clock.after(intervalMs, () => {
      if (this.#options.isMyTurn()) this.#reap()
      this.#schedule()
    })
  }

  #reap(): void {
    const { clock, committer, tree, perMinuteMax, intervalMs } = this.#options
    const countMax = Math.max(1, Math.floor((perMinuteMax * intervalMs) / 60_000))
    for (const path of reapableNow(tree(), clock.now()).slice(0, countMax)) {
      committer.submit(
        new OwnTask(
          { type: 'deleteContainer', path },
          (planned) => {
            if (typeof planned !== 'number') this.reapedCount++
          },
          () => {},
        ),
      )
    }
  }
}
