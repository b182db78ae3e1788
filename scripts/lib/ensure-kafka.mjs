/** Kafka's broker as Maven artifacts, with all that it needs at run time, in the cache. */
import { ensureMavenJars } from './maven-jars.mjs'
import { versions } from './versions.mjs'

/**
 * @param {'3.9' | '2.8'} line
 * @returns {Promise<string | undefined>} why it is missing, in one line
 */
export function ensureKafka(line) {
  const version = versions.kafka[line]
  return ensureMavenJars(`Kafka ${version}`, `kafka-${version}`, [
    ['org.apache.kafka', 'kafka_2.13', version],
    // The broker brings slf4j's API only: this makes its log visible.
    ['org.slf4j', 'slf4j-reload4j', versions.slf4jReload4j],
  ])
}
