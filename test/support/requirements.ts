/** What a test needs of the machine: there, or the test is skipped, or with CI=true it fails. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

interface Versions {
  node: Record<NodeLine, string>
  typescriptOldest: string
  oldRelease: { release: string; commit: string }
  etcd: string
  etcdOthers: Record<'3.5' | '3.7', string>
  zookeeper: Record<'3.4' | '3.5' | '3.6' | '3.9', { zookeeper: string }>
  kafka: Record<KafkaLine, string>
  curator: string
  helm: string
  kubeconform: string
  kubernetes: string
  prometheusOperator: string
  kazooSuite: { kazoo: string }
}

/** Release lines of Node on which the packed package is tested; the first is the oldest that works. */
export type NodeLine = '20.19' | '22' | '24'
export type KafkaLine = '3.9' | '2.8'

/** The versions that the scripts fetch and build. */
export const versions: Versions = JSON.parse(
  readFileSync(new URL('../../scripts/versions.json', import.meta.url), 'utf8'),
)

/** Same rule as cacheFolder() in scripts/lib/cache.mjs, which fills it. */
export function cacheFolder(): string {
  const { ANYKEEPER_CACHE, XDG_CACHE_HOME } = process.env
  if (ANYKEEPER_CACHE) return resolve(ANYKEEPER_CACHE)
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'anykeeper')
}

/** Release line of ZooKeeper: 3.8 is Debian's package, the others come from Maven. */
export type ZookeeperLine = '3.4' | '3.5' | '3.6' | '3.8' | '3.9'

/** The exact version of each line, as the server reports it. */
export const zookeeperVersions: Readonly<Record<ZookeeperLine, string>> = {
  '3.4': versions.zookeeper['3.4'].zookeeper,
  '3.5': versions.zookeeper['3.5'].zookeeper,
  '3.6': versions.zookeeper['3.6'].zookeeper,
  '3.8': '3.8.0',
  '3.9': versions.zookeeper['3.9'].zookeeper,
}

/** What a test that starts a ZooKeeper of that line requires. */
export const zookeeperRequirement = {
  '3.4': 'zookeeper-3.4',
  '3.5': 'zookeeper-3.5',
  '3.6': 'zookeeper-3.6',
  '3.8': 'zookeeper',
  '3.9': 'zookeeper-3.9',
} as const satisfies Record<ZookeeperLine, string>

/** The folder of the jars of a ZooKeeper from Maven. */
export function zookeeperLibs(line: Exclude<ZookeeperLine, '3.8'>): string {
  return join(cacheFolder(), `zookeeper-${zookeeperVersions[line]}`, 'libs')
}

/** The folder of the jars of ZooKeeper 3.9 with those of its AdminServer. */
export function zookeeperAdminLibs(): string {
  return join(cacheFolder(), `zookeeper-admin-metrics-${zookeeperVersions['3.9']}`, 'libs')
}

/** The program `node` of that line. */
export function nodeProgram(line: NodeLine): string {
  return join(cacheFolder(), `node-${versions.node[line]}`, 'node')
}

/** The folder of the broker's jars. */
export function kafkaLibs(line: KafkaLine): string {
  return join(cacheFolder(), `kafka-${versions.kafka[line]}`, 'libs')
}

/** The folder of Curator's jars. */
export function curatorLibs(): string {
  return join(cacheFolder(), `curator-${versions.curator}`, 'libs')
}

/** A Python that has kazoo, kazoo's own tests and what they use. */
export function kazooSuitePython(): string {
  return join(cacheFolder(), `kazoo-suite-${versions.kazooSuite.kazoo}`, 'bin', 'python')
}

/** The maintained etcd: what scripts/test.mjs found, else the one in the cache. */
export function etcdProgram(): string {
  return process.env.ANYKEEPER_ETCD || join(cacheFolder(), `etcd-${versions.etcd}`, 'etcd')
}

/** The oldest etcd that is supported, and the next release line. */
export function otherEtcdProgram(line: '3.5' | '3.7'): string {
  return join(cacheFolder(), `etcd-${versions.etcdOthers[line]}`, 'etcd')
}

/** etcd's program for data at rest: restores snapshots. */
export function etcdutlProgram(): string {
  return join(cacheFolder(), `etcdutl-${versions.etcd}`, 'etcdutl')
}

/** The folder of the build of the release before. Same rule as scripts/lib/ensure-old-release.mjs. */
export function oldRelease(): string {
  const { release, commit } = versions.oldRelease
  return join(cacheFolder(), `anykeeper-${release}-${commit}`)
}

/** helm or kubeconform. Same rule as scripts/lib/ensure-deploy-tools.mjs, which builds them. */
export function deployTool(name: 'helm' | 'kubeconform'): string {
  return join(cacheFolder(), `${name}-${versions[name]}`, name)
}

/** The folder of the schemas of Kubernetes; scripts/lib/kubernetes-schemas.mjs makes them. */
export function kubernetesSchemas(): string {
  const name = `kubernetes-schemas-${versions.kubernetes}-${versions.prometheusOperator}`
  return join(cacheFolder(), name)
}

/** The checker of linearizability. Same rule as scripts/lib/ensure-porcupine.mjs, which builds it. */
export function porcupineProgram(): string {
  return join(builtOf('porcupine', 'linearizability'), 'porcupine')
}

/** The client of go-zookeeper. Same rule as scripts/lib/ensure-go-client.mjs, which builds it. */
export function goClientProgram(): string {
  return join(builtOf('go-zookeeper', 'ecosystem/tls/go'), 'client')
}

/** Where a Go program of `source`, a folder of the tests, is built. */
function builtOf(name: string, source: string): string {
  const digest = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) {
    digest.update(readFileSync(new URL(`../${source}/${file}`, import.meta.url)))
  }
  return join(cacheFolder(), `${name}-${digest.digest('hex').slice(0, 12)}`)
}

/** Each returns what is missing, in a few words, or undefined. */
const checks = {
  'node-20.19': () => has(nodeProgram('20.19')),
  'node-22': () => has(nodeProgram('22')),
  'node-24': () => has(nodeProgram('24')),
  java: () => runs('java', ['-version']),
  jdk: () => runs('javac', ['-version']),
  cc: () => runs('cc', ['--version']),
  etcd: () => has(etcdProgram()),
  etcdctl: () => has(join(dirname(etcdProgram()), 'etcdctl')),
  'etcd-3.5': () => has(otherEtcdProgram('3.5')),
  'etcd-3.7': () => has(otherEtcdProgram('3.7')),
  etcdutl: () => has(etcdutlProgram()),
  'etcd-3.4': () => has('/usr/bin/etcd'),
  zookeeper: () => runs('java', ['-version']) ?? has('/usr/share/java/zookeeper.jar'),
  'zookeeper-3.4': () => runs('java', ['-version']) ?? has(zookeeperLibs('3.4')),
  'zookeeper-3.5': () => runs('java', ['-version']) ?? has(zookeeperLibs('3.5')),
  'zookeeper-3.6': () => runs('java', ['-version']) ?? has(zookeeperLibs('3.6')),
  'zookeeper-3.9': () => runs('java', ['-version']) ?? has(zookeeperLibs('3.9')),
  'zookeeper-admin': () => runs('java', ['-version']) ?? has(zookeeperAdminLibs()),
  chromium: () => runs('chromium', ['--version']),
  prometheus: () => runs('prometheus', ['--version']) ?? runs('promtool', ['--version']),
  collectd: () =>
    runs('/usr/sbin/collectd', ['-h']) ?? has('/usr/lib/collectd/write_prometheus.so'),
  'zookeeper-cli': () => has('/usr/share/zookeeper/bin/zkCli.sh'),
  'zookeeper-npm': () => runs(process.execPath, ['-e', "require('zookeeper')"]),
  'zookeeper-c': () => runs('cc', ['--version']) ?? has('/usr/include/zookeeper/zookeeper.h'),
  'kafka-3.9': () => runs('java', ['-version']) ?? has(kafkaLibs('3.9')),
  'kafka-2.8': () => runs('java', ['-version']) ?? has(kafkaLibs('2.8')),
  kazoo: () => runs('/usr/bin/python3', ['-c', 'import kazoo']),
  curator: () => runs('java', ['-version']) ?? has(curatorLibs()),
  'kazoo-suite': () => runs(kazooSuitePython(), ['-c', 'import kazoo.tests']),
  'anykeeper-0.1': () => has(join(oldRelease(), 'dist', 'cli.js')),
  porcupine: () => has(porcupineProgram()),
  helm: () => has(deployTool('helm')),
  kubeconform: () => has(deployTool('kubeconform')),
  'kubernetes-schemas': () => has(kubernetesSchemas()),
  systemd: () => runs('systemd-analyze', ['--version']),
  // Root, with the right to mount: an image is acted out with them.
  'mount-namespace': () => runs('unshare', ['--mount', 'true']),
  openssl: () => runs('openssl', ['version']),
  libssl: () => runs('cc', ['--version']) ?? has('/usr/include/openssl/ssl.h'),
  'go-zookeeper': () => has(goClientProgram()),
  redis: () => runs('redis-server', ['--version']) ?? runs('openssl', ['version']),
} satisfies Record<string, () => string | undefined>

export type Requirement = keyof typeof checks

const found = new Map<Requirement, string | undefined>()

/** Why the machine lacks it, in one line, or undefined when it is there. */
export function missing(requirement: Requirement): string | undefined {
  if (!found.has(requirement)) {
    const lack = checks[requirement]()
    const reason = lack && (preparationProblems()[requirement] ?? lack)
    found.set(requirement, reason && `needs ${requirement}: ${reason}`)
  }
  return found.get(requirement)
}

/**
 * First line of a `before` or a test: skips with the reason in one line, or throws when CI=true.
 * Pass mocha's `this`: `before(function () { requireOrSkip(this, 'zookeeper') })`.
 */
export function requireOrSkip(context: Mocha.Context, ...requirements: Requirement[]): void {
  for (const requirement of requirements) {
    const reason = missing(requirement)
    if (reason === undefined) continue
    if (process.env.CI === 'true') throw new Error(`CI=true, so nothing may be skipped: ${reason}`)
    console.log(`      skipped: ${reason}`)
    context.skip()
  }
}

/** What scripts/test.mjs ran into when it prepared, by requirement. */
function preparationProblems(): Partial<Record<Requirement, string>> {
  return JSON.parse(process.env.ANYKEEPER_MISSING || '{}')
}

function has(path: string): string | undefined {
  return existsSync(path) ? undefined : `${path} is absent`
}

function runs(command: string, args: readonly string[]): string | undefined {
  const result = spawnSync(command, args, { stdio: 'ignore', timeout: 60_000 })
  if (result.status === 0) return undefined
  return `${[command, ...args].join(' ')} does not run`
}
