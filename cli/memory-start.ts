/** What a start does about the soft limit, and about a tree that is too large. Neighbours: serve, memory. */
import { totalmem } from 'node:os'
import { countZnodes, type Logger, type MetadataStore, StoreError } from '../lib/index.ts'
import { fitsMachine, HeapGuard, hasChosenHeap, heapAdvice } from './memory.ts'

export function guardHeap(softLimit: number, logger: Logger): HeapGuard {
  const guard = new HeapGuard(softLimit, (error) => {
    logger.error(
      { err: error },
      'the tree has to be loaded again, and two of them do not fit into the heap: ending, to be started again',
    )
    process.exit(1)
  })
  guard.observe()
  return guard
}

interface TooLarge {
  readonly url: string
  readonly prefix: string
  readonly store: MetadataStore
  readonly memory: HeapGuard
}

/** Starts this process again with a heap that fits, where that is possible; else says what to do. Never returns. */
export async function adviseHeap(
  error: unknown,
  { url, prefix, store, memory }: TooLarge,
): Promise<never> {
  const loaded = memory.largest
  const isTooLarge = error instanceof StoreError && error.code === 'STORE_NO_MEMORY'
  if (!isTooLarge || loaded === undefined) throw error
  const part = Math.max(1, (await countZnodes(store, prefix)) / loaded.nodeCount)
  const whole = {
    nodeCount: Math.ceil(loaded.nodeCount * part),
    dataBytes: Math.ceil(loaded.dataBytes * part),
  }
  const neededMiB = memory.neededMiB(whole)
  const constrained = process.constrainedMemory?.() ?? 0
  if (!hasChosenHeap() && fitsMachine(neededMiB, constrained, totalmem())) {
    await store.close()
    restartWith(neededMiB)
  }
  throw new StoreError(
    'STORE_NO_MEMORY',
    `the tree below ${prefix} in ${url} does not fit into memory: ${heapAdvice(neededMiB)}`,
    { cause: error },
  )
}

/** In place, with the same process id; returns where Node cannot do that (before 22.15). */
function restartWith(neededMiB: number): void {
  const { execve } = process as { execve?: (file: string, args: string[]) => never }
  const args = [process.execPath, `--max-old-space-size=${neededMiB}`, ...process.execArgv]
  execve?.call(process, process.execPath, [...args, ...process.argv.slice(1)])
}
