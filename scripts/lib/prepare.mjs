/** Gets what tests and benchmarks need of the machine; says what it could not get. */
import { ensureDebian } from './ensure-debian.mjs'
import { ensureDebianEtcd, ensureEtcd, ensureEtcdutl } from './ensure-etcd.mjs'
import { ensureKafka } from './ensure-kafka.mjs'
import { ensureZookeeperClient } from './ensure-native.mjs'
import { ensureCurator, ensureKazooSuite } from './ensure-suites.mjs'
import { say } from './log.mjs'
import { which } from './run.mjs'

const java = () => (which('java') ? [] : ['default-jre-headless'])
const jdk = () => (which('javac') ? [] : ['default-jdk-headless'])
const cc = () => (which('cc') ? [] : ['gcc', 'libc6-dev'])

/** Debian's packages by requirement; the names are those of test/support/requirements.ts. */
const packagesOf = {
  java,
  jdk,
  cc,
  zookeeper: () => ['zookeeper', ...java()],
  'zookeeper-c': () => ['libzookeeper-mt-dev', ...cc()],
  'zookeeper-npm': () => [
    ...(which('g++') ? [] : ['g++']),
    ...(which('make') ? [] : ['make']),
    ...(which('python3') ? [] : ['python3']),
  ],
  kazoo: () => ['python3-kazoo'],
  faketime: () => ['faketime'],
  'kazoo-suite': () => ['python3-venv'],
  // Certificates of the tests over TLS are made with openssl.
  redis: () => ['redis-server', 'openssl'],
  'kafka-3.9': java,
  'kafka-2.8': java,
  curator: java,
}

/**
 * @param {Iterable<string>} needs
 * @returns {Promise<Record<string, string>>} variables for the processes that use what was prepared:
 *   ANYKEEPER_ETCD, the program, and ANYKEEPER_MISSING, a JSON object of reason by requirement
 */
export async function prepare(needs) {
  const wanted = new Set(needs)
  const problems = {}
  const note = (need, problem) => {
    if (problem === undefined) return
    problems[need] = problem
    say(`${need}: ${problem}`)
  }
  const env = {}
  await installPackages(wanted, note)
  if (wanted.has('etcd')) {
    const etcd = await ensureEtcd()
    if (etcd.path) env.ANYKEEPER_ETCD = etcd.path
    note('etcd', etcd.problem)
  }
  if (wanted.has('etcdutl')) note('etcdutl', (await ensureEtcdutl()).problem)
  if (wanted.has('etcd-3.4')) note('etcd-3.4', (await ensureDebianEtcd()).problem)
  for (const line of ['3.9', '2.8']) {
    if (wanted.has(`kafka-${line}`)) note(`kafka-${line}`, await ensureKafka(line))
  }
  if (wanted.has('curator')) note('curator', await ensureCurator())
  if (wanted.has('kazoo-suite')) note('kazoo-suite', await ensureKazooSuite())
  if (wanted.has('zookeeper-npm')) note('zookeeper-npm', await ensureZookeeperClient())
  return { ...env, ANYKEEPER_MISSING: JSON.stringify(problems) }
}

/** All in one go, for apt is slow to start. */
async function installPackages(wanted, note) {
  const packages = new Map()
  for (const need of wanted) packages.set(need, packagesOf[need]?.() ?? [])
  const all = new Set([...packages.values()].flat())
  if (all.size === 0) return
  if ((await ensureDebian([...all])) === undefined) return
  // One that cannot be had must not take the others with it.
  for (const [need, names] of packages) {
    if (names.length > 0) note(need, await ensureDebian(names))
  }
}
