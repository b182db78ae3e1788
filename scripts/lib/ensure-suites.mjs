/** Other people's suites and libraries, in the cache: kazoo with its own tests, Curator. */
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { timed } from './log.mjs'
import { ensureMavenJars } from './maven-jars.mjs'
import { runQuiet } from './run.mjs'
import { versions } from './versions.mjs'

const python = '/usr/bin/python3'

/** @returns {Promise<string | undefined>} why it is missing, in one line */
export function ensureCurator() {
  const { curator } = versions
  return ensureMavenJars(`Curator ${curator}`, `curator-${curator}`, [
    ['org.apache.curator', 'curator-recipes', curator],
    ['org.apache.curator', 'curator-x-discovery', curator],
  ])
}

/**
 * A virtual environment with kazoo from its source package, which has its tests, and what they use.
 *
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export async function ensureKazooSuite() {
  const { kazoo } = versions.kazooSuite
  try {
    await cached(`kazoo-suite-${kazoo}`, (folder) =>
      timed(`fetching kazoo ${kazoo} and its tests with pip, once`, () => install(folder)),
    )
    return undefined
  } catch (error) {
    const lines = error.message.split('\n')
    return `no kazoo ${kazoo}: ${lines.find((text) => text.startsWith('ERROR:')) ?? lines[0]}`
  }
}

/** The folder is renamed afterwards: only the scripts in its `bin` mind, and nobody calls them. */
async function install(folder) {
  await runQuiet(python, ['-m', 'venv', folder])
  const packages = Object.entries(versions.kazooSuite).map(
    ([name, version]) => `${name}==${version}`,
  )
  const own = join(folder, 'bin', 'python')
  const pip = ['-m', 'pip', '--disable-pip-version-check', 'install', '--no-binary', 'kazoo']
  await runQuiet(own, [...pip, ...packages])
  await runQuiet(own, ['-c', 'import kazoo.tests'])
}
