/** ZooKeeper's releases as Maven artifacts, in the cache; 3.8 is Debian's package. */
import { ensureMavenJars } from './maven-jars.mjs'
import { versions } from './versions.mjs'

/** The server needs the first two, but its artifact leaves them to whoever packs a distribution; the last shows its log. */
const others = {
  'metrics-core': 'io.dropwizard.metrics',
  'snappy-java': 'org.xerial.snappy',
  'slf4j-simple': 'org.slf4j',
}

/**
 * @param {'3.4' | '3.6' | '3.9'} line
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export function ensureZookeeper(line) {
  const artifacts = versions.zookeeper[line]
  const version = artifacts.zookeeper
  const more = Object.entries(others)
    .filter(([artifact]) => artifacts[artifact] !== undefined)
    .map(([artifact, group]) => [group, artifact, artifacts[artifact]])
  return ensureMavenJars(`ZooKeeper ${version}`, `zookeeper-${version}`, [
    ['org.apache.zookeeper', 'zookeeper', version],
    ...more,
  ])
}
