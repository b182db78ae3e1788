/** ZooKeeper's current release as Maven artifacts, in the cache; the older one is Debian's package. */
import { ensureMavenJars } from './maven-jars.mjs'
import { versions } from './versions.mjs'

/**
 * @param {'3.9'} line
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export function ensureZookeeper(line) {
  const { zookeeper } = versions.zookeeper[line]
  return ensureMavenJars(`ZooKeeper ${zookeeper}`, `zookeeper-${zookeeper}`, serverJars(line))
}

/** The same with what its AdminServer needs, in a folder of its own. */
export function ensureZookeeperAdmin() {
  const { zookeeper, jetty, ...others } = versions.zookeeper['3.9']
  const name = `zookeeper-admin-${zookeeper}`
  return ensureMavenJars(`ZooKeeper ${zookeeper} with its AdminServer`, name, [
    ...serverJars('3.9'),
    ['org.eclipse.jetty', 'jetty-server', jetty],
    ['org.eclipse.jetty', 'jetty-servlet', jetty],
    ['com.fasterxml.jackson.core', 'jackson-databind', others['jackson-databind']],
    ['commons-cli', 'commons-cli', others['commons-cli']],
  ])
}

function serverJars(line) {
  const artifacts = versions.zookeeper[line]
  return [
    ['org.apache.zookeeper', 'zookeeper', artifacts.zookeeper],
    // The server needs these two, but its artifact leaves them to whoever packs a distribution.
    ['io.dropwizard.metrics', 'metrics-core', artifacts['metrics-core']],
    ['org.xerial.snappy', 'snappy-java', artifacts['snappy-java']],
    // Makes its log visible.
    ['org.slf4j', 'slf4j-simple', artifacts['slf4j-simple']],
  ]
}
