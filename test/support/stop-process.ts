/** SIGSTOP that has arrived. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PATIENCE_MS = 5_000

/**
 * Stops a process of one's own. The kernel stops its threads one by one, each when it is its turn: until the last one stands, a call may
 * still be answered. Returns when all stand; elsewhere than on Linux without waiting.
 * @throws {Error} one of them does not
 */
export function stopProcess(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return
  const endMs = performance.now() + PATIENCE_MS
  while (!readdirSync(tasks).every((task) => isStopped(join(tasks, task, 'stat')))) {
    if (performance.now() > endMs) throw new Error(`process ${pid} does not stop`)
  }
}

function isStopped(stat: string): boolean {
  try {
    const text = readFileSync(stat, 'latin1')
    return 'TZX'.includes(text.charAt(text.lastIndexOf(')') + 2))
  } catch {
    // This thread ended meanwhile.
    return true
  }
}
