/** When a server has nothing left to do for what it has answered already. Neighbour: worker. */
import { setTimeout as sleep } from 'node:timers/promises'
import { fourLetterWord } from '../../test/support/four-letter-word.ts'
import type { Target } from './link.ts'

const POLL_MS = 20
const MS_MAX = 120_000
/** For servers that do not report it. */
const PAUSE_MS = 100

/**
 * Waits until no record is to be written behind any more.
 * @returns how long that took, in s; undefined where the server has no write-behind.
 */
export async function untilQuiet(targets: readonly Target[]): Promise<number | undefined> {
  const startMs = performance.now()
  let knows = false
  for (const target of targets) {
    for (;;) {
      const keys = /^zk_anykeeper_backlog_keys\t(\d+)$/m.exec(await fourLetterWord(target, 'mntr'))
      if (keys === null) break
      knows = true
      if (keys[1] === '0') break
      if (performance.now() - startMs > MS_MAX) {
        throw new Error(`${keys[1]} keys are not written behind after ${MS_MAX} ms`)
      }
      await sleep(POLL_MS)
    }
  }
  if (knows) return (performance.now() - startMs) / 1_000
  await sleep(PAUSE_MS)
  return undefined
}
