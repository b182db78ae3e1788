/** Says how far a load is, every few seconds: of a large tree it takes a while. Line: keeper → here → memory. */
import type { Logger, MemoryGuard } from '../lib/index.ts'
import type { TreeSize } from './memory.ts'

/** Between two lines, ms. */
const LINE_EVERY_MS = 3_000

export class LoadProgress implements MemoryGuard {
  readonly #guard: MemoryGuard
  readonly #logger: Logger
  readonly #signal: AbortSignal
  readonly #now: () => number
  #lastMs: number
  #last = 0

  /** `signal`: no load continues. */
  constructor(
    guard: MemoryGuard,
    logger: Logger,
    signal: AbortSignal,
    now: () => number = () => performance.now(),
  ) {
    this.#guard = guard
    this.#logger = logger
    this.#signal = signal
    this.#now = now
    this.#lastMs = now()
  }

  isShort(): boolean {
    return this.#guard.isShort()
  }

  loading(tree: TreeSize): void {
    this.#signal.throwIfAborted()
    this.#guard.loading(tree)
    const { nodeCount: znodes, dataBytes } = tree
    const nowMs = this.#now()
    // Another load.
    if (znodes < this.#last) this.#lastMs = nowMs
    this.#last = znodes
    if (nowMs - this.#lastMs < LINE_EVERY_MS) return
    this.#lastMs = nowMs
    this.#logger.info({ znodes, dataBytes }, 'loading the tree')
  }
}
