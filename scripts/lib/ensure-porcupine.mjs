/** The checker of linearizability, built with Go from test/linearizability; its go.mod pins porcupine. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { timed } from './log.mjs'
import { root, runQuiet, which } from './run.mjs'

const source = join(root, 'test/linearizability')

/**
 * Built again when its source changes. Same rule as porcupineProgram() in test/support/requirements.ts.
 *
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export async function ensurePorcupine() {
  const digest = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) {
    digest.update(readFileSync(join(source, file)))
  }
  try {
    await cached(`porcupine-${digest.digest('hex').slice(0, 12)}`, build)
    return undefined
  } catch (error) {
    return `porcupine is not built: ${error.message.split('\n')[0]}`
  }
}

async function build(folder) {
  const go = which('go')
  if (go === undefined) throw new Error('no Go to build it with')
  await timed('building the checker of linearizability with Go, once', () =>
    runQuiet(go, ['build', '-trimpath', '-o', join(folder, 'porcupine'), '.'], { cwd: source }),
  )
}
