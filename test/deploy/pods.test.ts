/**
 * What the chart renders, and the plain manifests, acted out on real stores: the container's command with its files and variables is
 * ready when its probe says so, serves clients by the ports that it names, and ends in its grace period.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect } from 'chai'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { type EtcdServer, findEtcd, requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { EtcdUsers } from '../support/etcd-users.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { RawClient, type RawConnectOptions } from '../support/raw-client.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { saslLogin } from '../support/sasl-answer.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { type Manifest, manifest, manifestsOf, render } from './chart.ts'
import { Pod } from './pod.ts'
import { VALUES_FILES } from './values-cases.ts'

type Tls = NonNullable<RawConnectOptions['tls']>

/** How a client comes: the name of the container's port, and over TLS with or without a certificate. */
type Door = readonly [port: 'zookeeper' | 'zookeeper-tls', tls: 'plain' | 'anonymous' | 'certified']

interface Acted {
  /** Beside the values file. */
  readonly set?: readonly string[]
  readonly opens: readonly Door[]
  readonly refuses?: readonly Door[]
  /** What only these values have. */
  readonly more?: (pod: Pod, client: RawClient) => Promise<void>
}

const STORE_USER = { username: 'any@keeper', password: 'p@ss: word/' }
const TOKEN = 'token-of-the-admin-port'
const SUPER = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='

const plain: Acted = {
  opens: [['zookeeper', 'plain']],
  refuses: [['zookeeper', 'anonymous']],
}

/** By values file: a file without one fails. */
const CASES: Readonly<Record<string, Acted>> = {
  'anykeeper.values.yaml': plain,
  'anykeeper-with-etcd.values.yaml': plain,
  'trying.yaml': plain,
  'redis.yaml': {
    opens: [
      ['zookeeper', 'plain'],
      ['zookeeper', 'anonymous'],
      ['zookeeper-tls', 'anonymous'],
    ],
    refuses: [['zookeeper-tls', 'plain']],
  },
  'secured.yaml': {
    set: ['preStopSleepSeconds=1'],
    opens: [
      ['zookeeper-tls', 'anonymous'],
      ['zookeeper-tls', 'certified'],
    ],
    refuses: [['zookeeper-tls', 'plain']],
    more: secrets,
  },
  'url-secret.yaml': {
    opens: [
      ['zookeeper-tls', 'certified'],
      ['zookeeper', 'plain'],
    ],
    refuses: [
      ['zookeeper-tls', 'anonymous'],
      ['zookeeper-tls', 'plain'],
    ],
  },
}

/** Users of SASL, the super user's digest and the token are those of the Secrets; four-letter words those of `config`. */
async function secrets(pod: Pod, client: RawClient): Promise<void> {
  const admin = pod.port('admin')
  const status = async (headers: Record<string, string>) =>
    (await http(admin, '/api/v1/status', { headers })).status
  expect(await status({})).to.equal(401)
  expect(await status({ authorization: 'Bearer another' })).to.equal(403)
  expect(await status({ authorization: `Bearer ${TOKEN}` })).to.equal(200)
  expect((await saslLogin(client, 'kafka', 'broker')).err).to.equal(0)
  expect((await client.auth('digest', 'super:test')).err).to.equal(0)
  const ids = JSON.stringify((await client.whoAmI()).record)
  expect(ids)
    .to.match(/sasl.*kafka/)
    .and.match(/super/)
  expect((await http(admin, '/metrics')).body).to.match(/^anykeeper_ready 1$/m)
}

const workloadOf = (all: readonly Manifest[]): Manifest =>
  all.find(({ spec }) => spec?.template?.spec.containers[0].name === 'anykeeper')!

describe('deploy/pods', function () {
  this.timeout(120_000)
  const folder = temporaryFolder('pods')
  let made: Certificates
  let etcd: EtcdServer
  let secureEtcd: EtcdServer
  let mutualEtcd: EtcdServer
  let count = 0
  let redis: RedisServer
  const pods: Pod[] = []

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'helm', 'openssl', 'redis')
    made = makeCertificates(folder)
    etcd = await startEtcd()
    redis = await startRedis()
    mutualEtcd = await startEtcd({ tls: made })
    // Without an authority it wants no certificate: the password is what proves who it is.
    const noCertificates = ['--client-cert-auth=false', '--trusted-ca-file=']
    secureEtcd = await startEtcd({ tls: made, flags: noCertificates })
    const rootCertificate = readFileSync(made.ca)
    await new EtcdUsers(secureEtcd.host, { rootCertificate }).enable(STORE_USER, '/kafka-a/')
  })
  afterEach(async () => {
    for (const pod of pods.splice(0)) await pod.child.kill()
  })
  after(async () => {
    await redis?.stop()
    await etcd?.stop()
    await secureEtcd?.stop()
    await mutualEtcd?.stop()
    removeFolder(folder)
  })

  async function act(all: readonly Manifest[], acted: Acted): Promise<void> {
    const workload = workloadOf(all)
    const own = join(folder, `pod-${++count}`)
    const path = `/of-pod-${count}`
    mkdirSync(own)
    const tls = { 'tls.crt': made.server.cert, 'tls.key': made.server.key, 'ca.crt': made.ca }
    const texts = (files: Record<string, string>): Record<string, string> =>
      Object.fromEntries(
        Object.entries(files).map(([key, path]) => [key, readFileSync(path, 'utf8')]),
      )
    const places: Record<string, string> = {
      'etcd-0.etcd:2379,[fd00::1]:2379': secureEtcd.host,
      'etcd-0.etcd:2379,etcd-1.etcd:2379,etcd-2.etcd:2379': etcd.host,
      'etcd-0.mtls:2379': mutualEtcd.host,
      'redis:6379': redis.host,
    }
    const beside = all.find(
      ({ kind, metadata }) => kind === 'StatefulSet' && metadata.name.endsWith('-etcd'),
    )
    if (beside !== undefined) {
      const pod = await startBeside(`${own}-etcd`, all, beside)
      places[`${beside.metadata.name}:2379`] = `127.0.0.1:${pod.port('client')}`
    }
    const pod = await Pod.start(all, workload, {
      folder: own,
      places,
      secrets: {
        'server-tls': texts(tls),
        'etcd-tls': texts({
          'ca.crt': made.ca,
          'tls.crt': made.client.cert,
          'tls.key': made.client.key,
        }),
        'etcd-password': { anykeeper: STORE_USER.password },
        store: { uri: `etcd://${etcd.host}` },
        sasl: { 'jaas.conf': 'kafka=broker' },
        super: { it: SUPER },
        admin: { bearer: TOKEN },
      },
    })
    pods.push(pod)
    await pod.becomesReady()
    expect(await pod.probe('liveness')).to.equal(true)
    const clients: RawClient[] = []
    for (const door of acted.opens) clients.push(await enter(pod, door))
    for (const door of acted.refuses ?? []) {
      const failure = await enter(pod, door).then(
        () => undefined,
        (error) => error,
      )
      expect(failure, `${door.join(' ')} is refused`).to.be.instanceOf(Error)
    }
    const [client] = clients
    expect((await client!.create(path, { data: 'x' })).err).to.equal(0)
    await acted.more?.(pod, client!)
    // An address instead of a name is the test's: Node has an opinion about it.
    const lines = pod.child.output.split('\n').filter((line) => !/DEP0123|trace-deprec/.test(line))
    expect(lines.filter((line) => /warning/i.test(line))).to.deep.equal([])
    const drains = Number(/^drain-wait=(\d+)$/m.exec(configuration(all))![1]) > 0
    const end = await pod.terminate(async () => {
      if (!drains) return
      await pod.child.waitUntil('not ready', async () => !(await pod.probe('readiness')))
      expect(await pod.probe('liveness')).to.equal(true)
      expect((await client!.getData(path)).record.data?.toString()).to.equal('x')
      // The second one ends the drain.
      pod.child.signal('SIGTERM')
    })
    expect(end, pod.child.output).to.deep.equal({ code: 0, signal: null, isInGracePeriod: true })
    for (const one of clients) one.destroy()
  }

  /** The etcd of the chart. Its peer port is its pod's own in Kubernetes. */
  async function startBeside(
    own: string,
    all: readonly Manifest[],
    beside: Manifest,
  ): Promise<Pod> {
    const peer = `http://127.0.0.1:${await freePort()}`
    mkdirSync(own)
    const pod = await Pod.start(all, beside, {
      folder: own,
      programs: { etcd: [findEtcd()!] },
      env: {
        ETCD_LISTEN_PEER_URLS: peer,
        ETCD_INITIAL_ADVERTISE_PEER_URLS: peer,
        ETCD_INITIAL_CLUSTER: `etcd-0=${peer}`,
      },
    })
    pods.push(pod)
    await pod.becomesReady()
    return pod
  }

  const configuration = (all: readonly Manifest[]): string =>
    manifest(all, 'ConfigMap', workloadOf(all).metadata.name).data!['anykeeper.conf']!

  /** A session by that door. Rejects when it is closed. */
  async function enter(pod: Pod, [name, kind]: Door): Promise<RawClient> {
    const options: RawConnectOptions = { port: pod.port(name), timeoutMs: 10_000 }
    if (kind === 'plain') return RawClient.connect(options)
    const tls: Tls = { ca: readFileSync(made.ca) }
    if (kind === 'certified') {
      tls.cert = readFileSync(made.client.cert)
      tls.key = readFileSync(made.client.key)
    }
    return RawClient.connect({ ...options, tls })
  }

  it('each values file has a case', () => {
    const names = new Set(VALUES_FILES.map((file) => basename(file)))
    expect(Object.keys(CASES)).to.have.members([...names])
  })

  for (const file of VALUES_FILES) {
    const acted = CASES[basename(file)] ?? plain
    const written = file.replace(/\.values\.yaml$/, '.yaml')
    // What is installed without helm is the file itself.
    const isWritten = file.includes('/manifests/')
    it(`${basename(dirname(file))}/${basename(isWritten ? written : file)}`, async () => {
      const text = isWritten
        ? readFileSync(written, 'utf8')
        : render({ values: [file], set: acted.set ?? [] })
      await act(manifestsOf(text), acted)
    })
  }

  it('a Deployment on an etcd that takes clients by their certificates', async () => {
    const set = [
      'workload=Deployment',
      'store.endpoints={etcd-0.mtls:2379}',
      'store.tls.enabled=true',
      'store.tls.secretName=etcd-tls',
    ]
    await act(manifestsOf(render({ set })), plain)
  })

  it('a pod whose Secret has not what is mounted does not start', async () => {
    const all = manifestsOf(
      render({ values: [VALUES_FILES.find((file) => file.endsWith('url-secret.yaml'))!] }),
    )
    const start = Pod.start(all, workloadOf(all), { folder, secrets: { store: { url: 'x' } } })
    const failure = await start.then(
      () => undefined,
      (error: Error) => error.message,
    )
    expect(failure).to.match(/volume store: no key uri/)
  })
})
