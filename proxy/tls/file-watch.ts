/**
 * Notices that files may have changed: by the system's notices about their folders, which also cover a link that is
 * swapped, as Kubernetes does, and by looking now and then, as some file systems give no notice. Neighbour: key-store.
 */
import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../lib/index.ts'

/** Several files change one after the other: they are read when it has been quiet for so long. Unit ms. */
const QUIET_MS = 200
/** Files that never rest are read all the same. Unit ms. */
const QUIET_MS_MAX = 2_000

export interface FileWatchOptions {
  readonly paths: readonly string[]
  readonly pollMs: number
  readonly clock: Clock
  onChange(): void
}

export class FileWatch {
  readonly #options: FileWatchOptions
  readonly #watchers: FSWatcher[] = []
  #cancelPoll: () => void = () => {}
  #cancelQuiet: (() => void) | undefined
  #noticedMs = 0
  #isClosed = false

  constructor(options: FileWatchOptions) {
    this.#options = options
    for (const folder of new Set(options.paths.map(dirname))) this.#watchFolder(folder)
    this.#poll()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelPoll()
    this.#cancelQuiet?.()
    for (const watcher of this.#watchers) watcher.close()
  }

  /** Without notices, as for want of watches, the looks remain. */
  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#noticed())
      watcher.on('error', () => watcher.close())
      this.#watchers.push(watcher)
    } catch {}
  }

  #poll(): void {
    const { clock, pollMs, onChange } = this.#options
    this.#cancelPoll = clock.after(pollMs, () => {
      if (this.#isClosed) return
      this.#poll()
      onChange()
    })
  }

  #noticed(): void {
    const { clock, onChange } = this.#options
    const nowMs = clock.monotonic()
    if (this.#cancelQuiet === undefined) this.#noticedMs = nowMs
    else if (nowMs - this.#noticedMs > QUIET_MS_MAX) return
    this.#cancelQuiet?.()
    this.#cancelQuiet = clock.after(QUIET_MS, () => {
      this.#cancelQuiet = undefined
      if (!this.#isClosed) onChange()
    })
  }
}
