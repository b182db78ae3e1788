/** Kafka's broker as Maven artifacts, with all that it needs at run time, in the cache. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { ensureDebian } from './ensure-debian.mjs'
import { say, timed } from './log.mjs'
import { runQuiet, which } from './run.mjs'
import { versions } from './versions.mjs'

/**
 * @param {'3.9' | '2.8'} line
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export async function ensureKafka(line) {
  const version = versions.kafka[line]
  try {
    await cached(`kafka-${version}`, (folder) => resolveJars(version, folder))
    return undefined
  } catch (error) {
    const lines = error.message.split('\n')
    return `no Kafka ${version}: ${lines.find((text) => text.startsWith('[ERROR]')) ?? lines[0]}`
  }
}

async function resolveJars(version, folder) {
  if (which('mvn') === undefined) {
    const problem = await ensureDebian(['maven'])
    if (problem !== undefined) throw new Error(problem)
  }
  writeFileSync(join(folder, 'pom.xml'), pom(version))
  const libs = join(folder, 'libs')
  const args = [
    '--batch-mode',
    '--quiet',
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${libs}`,
  ]
  await timed(`fetching Kafka ${version} with Maven, once`, async () => {
    try {
      await runQuiet('mvn', args, { cwd: folder })
    } catch {
      say('Maven failed, trying once more')
      rmSync(libs, { recursive: true, force: true })
      await runQuiet('mvn', args, { cwd: folder })
    }
  })
  if (!existsSync(join(libs, `kafka_2.13-${version}.jar`))) {
    throw new Error(`Maven brought no kafka_2.13-${version}.jar`)
  }
}

/** The broker brings slf4j's API only: the second dependency makes its log visible. */
function pom(version) {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>anykeeper</groupId>
  <artifactId>kafka-under-test</artifactId>
  <version>1</version>
  <dependencies>
    ${dependency('org.apache.kafka', 'kafka_2.13', version)}
    ${dependency('org.slf4j', 'slf4j-reload4j', versions.slf4jReload4j)}
  </dependencies>
</project>
`
}

function dependency(groupId, artifactId, version) {
  return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`
}
