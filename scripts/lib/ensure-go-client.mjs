/** The Go client of the tests over TLS, built with Go from test/ecosystem/tls/go; its go.mod pins go-zookeeper. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { timed } from './log.mjs'
import { root, runQuiet, which } from './run.mjs'

const source = join(root, 'test/ecosystem/tls/go')

/**
 * Built again when its source changes. Same rule as goClientProgram() in test/support/requirements.ts.
 *
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export async function ensureGoClient() {
  const digest = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) {
    digest.update(readFileSync(join(source, file)))
  }
  try {
    await cached(`go-zookeeper-${digest.digest('hex').slice(0, 12)}`, build)
    return undefined
  } catch (error) {
    return `the Go client is not built: ${error.message.split('\n')[0]}`
  }
}

async function build(folder) {
  const go = which('go')
  if (go === undefined) throw new Error('no Go to build it with')
  await timed('building a client with go-zookeeper, once', () =>
    runQuiet(go, ['build', '-trimpath', '-o', join(folder, 'client'), '.'], { cwd: source }),
  )
}
