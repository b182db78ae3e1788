/** Maven artifacts with all that they need at run time, in a folder of the cache. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { ensureDebian } from './ensure-debian.mjs'
import { say, timed } from './log.mjs'
import { runQuiet, which } from './run.mjs'

/**
 * @typedef {[groupId: string, artifactId: string, version: string]} Artifact
 * @param {string} what for messages
 * @param {string} name of the folder in the cache; the jars come into its `libs`
 * @param {Artifact[]} artifacts
 * @returns {Promise<string | undefined>} why they are missing, in one line
 */
export async function ensureMavenJars(what, name, artifacts) {
  try {
    await cached(name, (folder) => resolveJars(what, artifacts, folder))
    return undefined
  } catch (error) {
    const lines = error.message.split('\n')
    return `no ${what}: ${lines.find((text) => text.startsWith('[ERROR]')) ?? lines[0]}`
  }
}

async function resolveJars(what, artifacts, folder) {
  if (which('mvn') === undefined) {
    const problem = await ensureDebian(['maven'])
    if (problem !== undefined) throw new Error(problem)
  }
  writeFileSync(join(folder, 'pom.xml'), pom(artifacts))
  const libs = join(folder, 'libs')
  const args = [
    '--batch-mode',
    '--quiet',
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${libs}`,
  ]
  await timed(`fetching ${what} with Maven, once`, async () => {
    try {
      await runQuiet('mvn', args, { cwd: folder })
    } catch {
      say('Maven failed, trying once more')
      rmSync(libs, { recursive: true, force: true })
      await runQuiet('mvn', args, { cwd: folder })
    }
  })
  for (const [, artifactId, version] of artifacts) {
    const jar = `${artifactId}-${version}.jar`
    if (!existsSync(join(libs, jar))) throw new Error(`Maven brought no ${jar}`)
  }
}

function pom(artifacts) {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>anykeeper</groupId>
  <artifactId>under-test</artifactId>
  <version>1</version>
  <dependencies>
    ${artifacts.map(dependency).join('\n    ')}
  </dependencies>
</project>
`
}

function dependency([groupId, artifactId, version]) {
  return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`
}
