/** ZooKeeper's current release as Maven artifacts, in the cache; the older one is Debian's package. */
import { ensureMavenJars } from './maven-jars.mjs'
import { versions } from './versions.mjs'

/**
 * @param {'3.9'} line
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export function ensureZookeeper(line) {
  const artifacts = versions.zookeeper[line]
  const version = artifacts.zookeeper
  return ensureMavenJars(`ZooKeeper ${version}`, `zookeeper-${version}`, [
    ['org.apache.zookeeper', 'zookeeper', version],
    // The server needs these two, but its artifact leaves them to whoever packs a distribution.
    ['io.dropwizard.metrics', 'metrics-core', artifacts['metrics-core']],
    ['org.xerial.snappy', 'snappy-java', artifacts['snappy-java']],
    // Makes its log visible.
    ['org.slf4j', 'slf4j-simple', artifacts['slf4j-simple']],
  ])
}
