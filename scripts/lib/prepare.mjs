/** Gets what tests and benchmarks need of the machine; says what it could not get. */
import { ensureDebian } from './ensure-debian.mjs'
import { ensureGoProgram, ensureKubernetesSchemas } from './ensure-deploy-tools.mjs'
import { ensureDebianEtcd, ensureEtcd, ensureEtcdutl, ensureOtherEtcd } from './ensure-etcd.mjs'
import { ensureGoClient } from './ensure-go-client.mjs'
import { ensureKafka } from './ensure-kafka.mjs'
import { ensureZookeeperClient } from './ensure-native.mjs'
import { ensureNode } from './ensure-node.mjs'
import { ensureOldRelease } from './ensure-old-release.mjs'
import { ensurePorcupine } from './ensure-porcupine.mjs'
import { ensureCurator, ensureKazooSuite } from './ensure-suites.mjs'
import { ensureZookeeper, ensureZookeeperAdmin } from './ensure-zookeeper.mjs'
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
  'zookeeper-3.4': java,
  'zookeeper-3.5': java,
  'zookeeper-3.6': java,
  'zookeeper-3.9': java,
  'zookeeper-admin': java,
  chromium: () => ['chromium'],
  prometheus: () => ['prometheus'],
  // The libraries are those of its plugin write_prometheus.
  collectd: () => ['collectd-core', 'libmicrohttpd12', 'libprotobuf-c1'],
  systemd: () => ['systemd'],
  'etcd-3.4': () => ['etcd-server'],
  'zookeeper-c': () => ['libzookeeper-mt-dev', ...cc()],
  'zookeeper-npm': () => [
    ...(which('g++') ? [] : ['g++']),
    ...(which('make') ? [] : ['make']),
    ...(which('python3') ? [] : ['python3']),
  ],
  kazoo: () => ['python3-kazoo'],
  faketime: () => ['faketime'],
  'kazoo-suite': () => ['python3-venv'],
  openssl: () => ['openssl'],
  libssl: () => ['libssl-dev', ...cc()],
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
  const wanted = [...needs]
  return prepareEach(wanted)(wanted)
}

/**
 * Begins to prepare all of them; who needs a few need not wait for the rest.
 *
 * @param {Iterable<string>} needs
 * @returns {(some: Iterable<string>) => Promise<Record<string, string>>} as of prepare(), when these are done
 */
export function prepareEach(needs) {
  const wanted = new Set(needs)
  const problems = {}
  const note = (need, problem) => {
    if (problem === undefined) return
    problems[need] = problem
    say(`${need}: ${problem}`)
  }
  const env = {}
  const packages = installPackages(wanted, note)
  const done = new Map([...wanted].map((need) => [need, packages]))
  const take = async ([need, step], before) => {
    await before
    if (wanted.has(need)) note(need, await step())
  }
  const begin = (step, before) => {
    const promise = take(step, before)
    // Awaited by the groups that need it; until then its failure must not end this process.
    promise.catch(() => {})
    done.set(step[0], promise)
    return promise
  }
  // Downloads wait for the network while etcd compiles. Maven's own folder is no place for two.
  for (const step of steps) begin(step, packages)
  for (const inTurn of [buildSteps(env), mavenSteps]) {
    let last = packages
    for (const step of inTurn) last = begin(step, last)
  }
  packages.catch(() => {})
  return async (some) => {
    const own = [...some]
    await Promise.all(own.map((need) => done.get(need)))
    const missing = own.filter((need) => problems[need] !== undefined)
    const reasons = Object.fromEntries(missing.map((need) => [need, problems[need]]))
    return { ...env, ANYKEEPER_MISSING: JSON.stringify(reasons) }
  }
}

/** @typedef {[need: string, step: () => Promise<string | undefined>]} Step resolves to why it is missing */

/** @type {Step[]} */
const steps = [
  ['etcd-3.4', async () => (await ensureDebianEtcd()).problem],
  ['kazoo-suite', ensureKazooSuite],
  ['zookeeper-npm', ensureZookeeperClient],
  ['porcupine', ensurePorcupine],
  ['go-zookeeper', ensureGoClient],
  ['anykeeper-0.1', ensureOldRelease],
  ['kubernetes-schemas', ensureKubernetesSchemas],
  ...['20.19', '22', '24'].map((line) => [
    `node-${line}`,
    async () => (await ensureNode(line)).problem,
  ]),
]

/** One after the other: each takes all the cores there are. @returns {Step[]} */
const buildSteps = (env) => [
  ['etcd', async () => useEtcd(env, await ensureEtcd())],
  ['etcd-3.5', () => ensureOtherEtcd('3.5')],
  ['etcd-3.7', () => ensureOtherEtcd('3.7')],
  ['etcdutl', async () => (await ensureEtcdutl()).problem],
  ['kubeconform', () => ensureGoProgram('kubeconform')],
  ['helm', () => ensureGoProgram('helm')],
]

/** @type {Step[]} */
const mavenSteps = [
  ...['3.9', '3.4', '3.5', '3.6'].map((line) => [`zookeeper-${line}`, () => ensureZookeeper(line)]),
  ['curator', ensureCurator],
  ['kafka-3.9', () => ensureKafka('3.9')],
  ['kafka-2.8', () => ensureKafka('2.8')],
  ['zookeeper-admin', ensureZookeeperAdmin],
]

function useEtcd(env, { path, problem }) {
  if (path) env.ANYKEEPER_ETCD = path
  return problem
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
