import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import { parseAllDocuments } from 'yaml'
import { plainManifests } from '../../scripts/lib/plain-manifests.ts'
import { deployTool, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { alertRules } from './alert-rules.ts'
import {
  chart,
  deployFolder,
  KUBERNETES,
  lint,
  type Manifest,
  manifest,
  manifestsOf,
  refusal,
  render,
  schemaErrors,
} from './chart.ts'
import { untriedValues, VALUES_FILES } from './values-cases.ts'

const workloadOf = (all: readonly Manifest[]): Manifest =>
  all.find(
    ({ kind, spec }) => spec?.template?.spec.containers[0].name === 'anykeeper' && kind !== '',
  )!

/** That are YAML as they stand. */
const YAML_FILES = [
  ...['Chart.yaml', 'values.yaml', 'files/alerts.yaml'].map((name) => join(chart, name)),
  join(deployFolder, 'examples', 'kafka', 'kafka.yaml'),
]

describe('deploy/chart', function () {
  this.timeout(120_000)
  const folder = temporaryFolder('chart')

  before(function () {
    requireOrSkip(this, 'helm', 'kubeconform', 'kubernetes-schemas')
  })
  after(() => removeFolder(folder))

  for (const file of VALUES_FILES) {
    it(`${basename(file)}: helm lints and renders it, and each manifest fits its schema`, () => {
      for (const kubernetes of KUBERNETES) lint({ values: [file], kubernetes })
      const text = render({ values: [file] })
      const { count, errors } = schemaErrors(text)
      expect(errors).to.deep.equal([])
      expect(count).to.equal(manifestsOf(text).length)
      expect(count).to.be.at.least(4)
    })

    it(`${basename(file)}: each file that the configuration names is mounted`, () => {
      const all = manifestsOf(render({ values: [file] }))
      const workload = workloadOf(all)
      const conf = manifest(all, 'ConfigMap', workload.metadata.name).data!['anykeeper.conf']!
      const { containers, volumes } = workload.spec.template.spec
      const mounted = containers[0].volumeMounts.map(
        (mount: { mountPath: string }) => mount.mountPath,
      )
      for (const [path] of conf.matchAll(/\/etc\/anykeeper\/[\w-]+/g))
        expect(mounted).to.include(path)
      const named = volumes.map(({ name }: { name: string }) => name)
      expect(named).to.have.members(
        containers[0].volumeMounts.map(({ name }: { name: string }) => name),
      )
    })
  }

  it('readers of YAML 1.1 and of YAML 1.2 understand the same', () => {
    const texts = [
      ...VALUES_FILES.flatMap((file) => [render({ values: [file] }), readFileSync(file, 'utf8')]),
      ...YAML_FILES.map((file) => readFileSync(file, 'utf8')),
    ]
    const read = (text: string, version: '1.1' | '1.2'): unknown[] =>
      parseAllDocuments(text, { version }).map((document) => document.toJS())
    for (const text of texts) expect(read(text, '1.1')).to.deep.equal(read(text, '1.2'))
    // The mode of a Secret's files is the case that differed.
    expect(read('a: 0440', '1.1')).to.not.deep.equal(read('a: 0440', '1.2'))
    expect(texts.join()).to.match(/defaultMode: 288$/m)
  })

  it('every value is tried with another one than its default', () => {
    expect(untriedValues()).to.deep.equal([])
  })

  it('kubeconform sees names that do not exist, and kinds without a schema', () => {
    const set = ['etcd.enabled=true', 'extraEnv[0].nmae=x']
    expect(schemaErrors(render({ set })).errors.join()).to.match(/StatefulSet zk-anykeeper.*nmae/)
    const unknown = 'apiVersion: a/v1\nkind: Strange\nmetadata: {name: x}\n'
    expect(schemaErrors(unknown).errors).to.have.length(1)
  })

  const wrong: [set: string[], says: RegExp][] = [
    [[], /exactly one of store\.endpoints.*0 are set/],
    [['etcd.enabled=true', 'store.url=redis://r:6379'], /2 are set/],
    [['store.url=file:/data'], /keeps nothing on disk/],
    [['store.url=memory:'], /for one process/],
    [['store.url=redis://r:6379', 'store.username=a'], /go with store\.endpoints/],
    [['etcd.enabled=true', 'replicsa=3'], /'replicsa' not allowed/],
    [['etcd.enabled=true', 'replicas=0'], /replicas/],
    [['store.endpoints={http://a:2379}'], /store\/endpoints/],
    [['store.endpoints={a:2379}', 'store.passwordSecret.name=x'], /needs store\.username/],
    [['store.endpoints={a:2379}', 'store.tls.enabled=true'], /store\.tls\.secretName is needed/],
    [['etcd.enabled=true', 'tls.enabled=true'], /tls\.secretName is needed/],
    [['etcd.enabled=true', 'plain=false'], /nobody could connect/],
    [['etcd.enabled=true', 'drainSeconds=60'], /disconnected by SIGKILL/],
    [['etcd.enabled=true', 'store.prefix=/a/'], /store\/prefix/],
    [['etcd.enabled=true', 'config.tickTime=2'], /tickTime/],
  ]
  for (const [set, says] of wrong) {
    it(`refuses ${set.join(', ') || 'no store'}`, () => {
      expect(refusal({ set })?.replaceAll('\n', ' ')).to.match(says)
    })
  }

  it('refuses settings in config that have a value of their own', () => {
    const all = VALUES_FILES.flatMap((file) => manifestsOf(render({ values: [file] })))
    const confs = all.flatMap(({ data }) => data?.['anykeeper.conf'] ?? [])
    const names = new Set(confs.flatMap((conf) => conf.match(/^[\w-]+(?==)/gm) ?? []))
    const free = ['tick-time', 'max-connections-per-address', 'max-history-bytes']
    for (const name of ['memory-soft-limit', 'four-letter-words', 'etcd-maintenance', ...free]) {
      expect(names.delete(name), name).to.equal(true)
    }
    expect(names.size).to.be.at.least(14)
    for (const name of names) {
      const set = ['etcd.enabled=true', `config.${name}=x`]
      expect(refusal({ set }), name).to.match(/has a value of its own/)
    }
  })

  it('what asks for safety is there: no root, nothing writable, no token, no service links, clients move first', () => {
    for (const file of VALUES_FILES) {
      const { spec } = workloadOf(manifestsOf(render({ values: [file] }))).spec.template
      expect(spec.securityContext).to.include({ runAsNonRoot: true, runAsUser: 65532 })
      expect(spec.automountServiceAccountToken).to.equal(false)
      expect(spec.enableServiceLinks).to.equal(false)
      const [{ securityContext, livenessProbe, readinessProbe, command, lifecycle }] =
        spec.containers
      expect(securityContext).to.deep.equal({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      // No shell is in the image.
      expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).to.deep.equal([
        '/livez',
        '/readyz',
      ])
      expect([command, lifecycle?.preStop?.exec]).to.deep.equal([undefined, undefined])
    }
  })

  it('pods are replaced when the configuration changes, and not when something else does', () => {
    const checksum = (...set: string[]): string =>
      workloadOf(manifestsOf(render({ set: ['etcd.enabled=true', ...set] }))).spec.template.metadata
        .annotations['checksum/config']
    expect(checksum('replicas=5')).to.equal(checksum())
    expect(checksum('config.tick-time=2000')).to.not.equal(checksum())
  })

  it('selectors select the pods, and ports have names that the pods have', () => {
    for (const file of VALUES_FILES) {
      const all = manifestsOf(render({ values: [file] }))
      const workload = workloadOf(all)
      const { labels } = workload.spec.template.metadata
      const named = workload.spec.template.spec.containers[0].ports
      const ports: string[] = named.map(({ name }: { name: string }) => name)
      expect(labels).to.include(workload.spec.selector.matchLabels)
      const services = all.filter(
        ({ kind, metadata }) => kind === 'Service' && !metadata.name.endsWith('etcd'),
      )
      expect(services).to.have.length(2)
      for (const { spec } of services) {
        expect(labels).to.include(spec.selector)
        for (const { targetPort } of spec.ports) expect(ports).to.include(targetPort)
      }
      if (workload.kind === 'StatefulSet') {
        expect(services.map(({ metadata }) => metadata.name)).to.include(workload.spec.serviceName)
      }
    }
  })

  it('the job of each scrape is one that the alert rules look for', () => {
    for (const name of ['keeper', 'anykeeper-b']) {
      const set = ['etcd.enabled=true', 'serviceMonitor.enabled=true', `fullnameOverride=${name}`]
      const all = manifestsOf(render({ set }))
      const { endpoints, selector } = manifest(all, 'ServiceMonitor').spec
      expect(endpoints[0].relabelings[0].replacement).to.match(/^.*anykeeper.*$/)
      const selected = all.filter(({ kind, metadata }) =>
        Object.entries(selector.matchLabels).every(
          ([label, value]) => kind === 'Service' && metadata.labels?.[label] === value,
        ),
      )
      // Each proxy once: the Service for clients leads to them as well.
      expect(selected.map(({ metadata }) => metadata.name)).to.deep.equal([`${name}-headless`])
    }
    const expressions = alertRules().map(({ expr }) => expr)
    expect(expressions).to.include('up{job=~".*anykeeper.*"} == 0')
  })

  it('the plain manifests are what the chart renders: npm run deploy:manifests', () => {
    const rendered = plainManifests(deployTool('helm'))
    expect([...rendered.keys()]).to.deep.equal(['anykeeper-with-etcd.yaml', 'anykeeper.yaml'])
    for (const [name, text] of rendered) {
      expect(readFileSync(join(deployFolder, 'manifests', name), 'utf8'), name).to.equal(text)
      expect(schemaErrors(text).errors).to.deep.equal([])
    }
  })

  it('the example with Kafka fits its schemas, and names each proxy that its values make', () => {
    const text = readFileSync(join(deployFolder, 'examples', 'kafka', 'kafka.yaml'), 'utf8')
    expect(schemaErrors(text)).to.deep.equal({ count: 4, errors: [] })
    const values = [join(deployFolder, 'examples', 'kafka', 'anykeeper.values.yaml')]
    const all = manifestsOf(render({ values, release: 'anykeeper' }))
    const { metadata, spec } = workloadOf(all)
    const [client] = manifest(all, 'Service', metadata.name).spec.ports
    const hosts = Array.from(
      { length: spec.replicas },
      (_, index) => `${metadata.name}-${index}.${spec.serviceName}:${client.port}`,
    )
    const { data } = manifest(manifestsOf(text), 'ConfigMap')
    expect(data!['server.properties']).to.include(`\nzookeeper.connect=${hosts.join(',')}/kafka\n`)
  })
})
