/**
 * Removes empty containers and expired TTL znodes (C1, C2). One live proxy does it; what it finds is
 * looked at again by the planner. Source: ZooKeeper's ContainerManager.
 */
import type { Clock } from '../../base/clock.ts'
import type { DeleteContainerRequest } from '../../model/request.ts'
import { KIND } from '../../model/znode.ts'
import type { GroupCommitter } from '../commit/group-committer.ts'
import type { CommitTask } from '../commit/task.ts'
import type { Planned } from '../plan/planned.ts'
import type { DataTree } from '../tree/data-tree.ts'

class ReapTask implements CommitTask {
  readonly request: DeleteContainerRequest
  readonly #done: (planned: Planned) => void
  constructor(path: string, done: (planned: Planned) => void) {
    this.request = { type: 'deleteContainer', path }
    this.#done = done
  }
  committed(_zxid: number, planned: Planned): void {
    this.#done(planned)
  }
  abandoned(): void {}
}

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

export class Reaper {
  reapedCount = 0
  #cancel: (() => void) | undefined
  readonly #options: {
    clock: Clock
    committer: GroupCommitter
    tree: () => DataTree
    isMyTurn: () => boolean
    intervalMs: number
    perMinuteMax: number
  }

  constructor(options: {
    clock: Clock
    committer: GroupCommitter
    tree: () => DataTree
    /** One of the live proxies reaps. */
    isMyTurn: () => boolean
    intervalMs: number
    perMinuteMax: number
  }) {
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
        new ReapTask(path, (planned) => {
          if (typeof planned !== 'number') this.reapedCount++
        }),
      )
    }
  }
}
