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
 * @param {'3.4' | '3.5' | '3.6' | '3.9'} line
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export function ensureZookeeper(line) {
  const { zookeeper } = versions.zookeeper[line]
  return ensureMavenJars(`ZooKeeper ${zookeeper}`, `zookeeper-${zookeeper}`, serverJars(line))
}

/** The same with what its AdminServer and its provider of metrics need, in a folder of its own. */
export function ensureZookeeperAdmin() {
  const { zookeeper, jetty, ...artifacts } = versions.zookeeper['3.9']
  const metrics = 'zookeeper-prometheus-metrics'
  const name = `zookeeper-admin-metrics-${zookeeper}`
  return ensureMavenJars(`ZooKeeper ${zookeeper} with its AdminServer`, name, [
    ...serverJars('3.9'),
    ['org.eclipse.jetty', 'jetty-server', jetty],
    ['org.eclipse.jetty', 'jetty-servlet', jetty],
    ['com.fasterxml.jackson.core', 'jackson-databind', artifacts['jackson-databind']],
    ['commons-cli', 'commons-cli', artifacts['commons-cli']],
    ['org.apache.zookeeper', metrics, artifacts[metrics]],
  ])
}

function serverJars(line) {
  const artifacts = versions.zookeeper[line]
  const more = Object.entries(others)
    .filter(([artifact]) => artifacts[artifact] !== undefined)
    .map(([artifact, group]) => [group, artifact, artifacts[artifact]])
  return [['org.apache.zookeeper', 'zookeeper', artifacts.zookeeper], ...more]
}
