/**
 * Removes empty containers and expired TTL znodes (C1, C2). One live proxy does it; the planner
 * checks again what it finds. Source: ZooKeeper's ContainerManager.
 */
import type { Clock } from '../../base/clock.ts'
import type { DeleteContainerRequest } from '../../model/request.ts'
import { KIND } from '../../model/znode.ts'
import type { GroupCommitter } from '../commit/group-committer.ts'
import { OwnTask } from '../commit/task.ts'
import type { DataTree } from '../tree/data-tree.ts'

/** `nowMs`: monotonic, as in the tree's table. */
export function reapableNow(tree: DataTree, nowMs: number): DeleteContainerRequest[] {
  const due: DeleteContainerRequest[] = []
  for (const [path, changedMs] of tree.reapable) {
    const node = tree.get(path)
    if (node === undefined || node.childCount > 0) continue
    // A container that never had a child stays: its creator may be about to use it.
    if (node.kind === KIND.container ? node.creates > 0 : nowMs - changedMs > node.ttlMs) {
      due.push({ type: 'deleteContainer', path, mzxid: node.mzxid })
    }
  }
  return due
}

/**
 * A tree was loaded at `nowMs`, monotonic: since when are its znodes unchanged? `before`, the tree until then,
 * knows it of those it had. Of others only mtime is known, by the clock of the proxy that wrote it:
 * `wallMs`, the own one, is compared with that where no other proxy is alive, else they begin again.
 */
export function restoreAges(
  tree: DataTree,
  nowMs: number,
  known: { readonly before?: DataTree; readonly wallMs?: number },
): void {
  const { before, wallMs } = known
  for (const path of tree.reapable.keys()) {
    const node = tree.get(path)
    if (node === undefined) continue
    const had = before?.get(path)
    // A history that went back may have given the same zxid to another change.
    const isSame = had?.mzxid === node.mzxid && had.mtime === node.mtime
    const spentMs = wallMs === undefined ? 0 : Math.max(0, wallMs - node.mtime)
    const changedMs = isSame ? before?.reapable.get(path) : undefined
    tree.reapable.set(path, changedMs ?? nowMs - spentMs)
  }
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
      this.#schedule()
      if (this.#options.isMyTurn()) this.#reap()
    })
  }

  #reap(): void {
    const { clock, committer, tree, perMinuteMax, intervalMs } = this.#options
    const countMax = Math.max(1, Math.floor((perMinuteMax * intervalMs) / 60_000))
    for (const request of reapableNow(tree(), clock.monotonic()).slice(0, countMax)) {
      committer.submit(
        new OwnTask(
          request,
          (planned) => {
            if (typeof planned !== 'number') this.reapedCount++
          },
          () => {},
        ),
      )
    }
  }
}
