/** A command of anykeeper that ends by itself: as it was built in a whole run, from the sources when a test runs alone. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../../cli.ts', import.meta.url))
const built = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** Arguments of node that run the command line. Compiling it takes a second of CPU time for each start. */
export const anykeeperProgram: readonly string[] =
  process.env.DIST_IS_BUILT === 'true' ? [built] : ['--import', 'tsx', source]

export interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Until it ends, which it must before mocha's patience does: a busy machine takes seconds for a start alone. */
export function runAnykeeper(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...anykeeperProgram, ...args], {
      env: { ...process.env, ...env },
      timeout: 50_000,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => {
      stdout += text
    })
    child.stderr.on('data', (text) => {
      stderr += text
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}
