/** Names that are as long as helm permits, what an upgrade may not change, values that no schema can refuse, and the notes of a release. */
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { deployTool, requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { chart, type Manifest, manifestsOf, refusal, render } from './chart.ts'
import { VALUES_FILES } from './values-cases.ts'

/** Of a release, by helm. */
const RELEASE_CHARACTERS = 53
/** Of a label's value, and of a Service's name. */
const LABEL_CHARACTERS = 63
/** The label controller-revision-hash of a StatefulSet's pods adds a hyphen and ten characters to its name. */
const REVISION_CHARACTERS = 11

const EVERYTHING = ['serviceMonitor', 'prometheusRule', 'dashboard', 'etcd'].map(
  (name) => `${name}.enabled=true`,
)

/** Each value of each map called labels, matchLabels or selector, wherever it is. */
function labelValues(value: unknown, name = ''): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const isLabel = /^(?:labels|matchLabels|selector)$/.test(name) && typeof inner === 'string'
    return isLabel ? [inner] : labelValues(inner, key)
  })
}

describe('deploy/chart, names', function () {
  this.timeout(60_000)
  const folder = temporaryFolder('chart-names')
  const copy = join(folder, 'chart')

  before(function () {
    requireOrSkip(this, 'helm')
    cpSync(chart, copy, { recursive: true })
  })
  after(() => removeFolder(folder))

  it('the longest release, and the longest names in values: nothing exceeds what Kubernetes takes', () => {
    const release = 'r'.repeat(RELEASE_CHARACTERS)
    for (const set of [
      EVERYTHING,
      [...EVERYTHING, `nameOverride=${'n'.repeat(100)}`],
      [...EVERYTHING, `fullnameOverride=${'f'.repeat(100)}`],
      // What is cut behind a hyphen would end with it.
      [...EVERYTHING, `fullnameOverride=${'f'.repeat(46)}-${'g'.repeat(20)}`],
    ]) {
      for (const one of manifestsOf(render({ release, set }))) {
        const { kind, metadata } = one
        const most = LABEL_CHARACTERS - (kind === 'StatefulSet' ? REVISION_CHARACTERS : 0)
        expect(metadata.name.length, `${kind} ${metadata.name}`).to.be.at.most(most)
        expect(metadata.name).to.match(/^[a-z]([-a-z0-9]*[a-z0-9])?$/)
        for (const value of labelValues(one)) {
          expect(value).to.match(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/)
        }
      }
    }
  })

  /** What the API server refuses to change. */
  const immutable = (all: readonly Manifest[]): unknown =>
    all
      .filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment')
      .map(({ kind, metadata, spec }) => ({
        ...{ kind, name: metadata.name, selector: spec.selector, serviceName: spec.serviceName },
        podManagementPolicy: spec.podManagementPolicy,
        claims: spec.volumeClaimTemplates,
      }))

  it('an upgrade to another version of the chart, or to other values, changes no immutable field', () => {
    const file = join(copy, 'Chart.yaml')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replaceAll(/^(version|appVersion): .*$/gm, '$1: 9.8.7-rc.1+build.5'))
    const newer = manifestsOf(
      execFileSync(deployTool('helm'), ['template', 'zk', copy, '--set', 'etcd.enabled=true'], {
        encoding: 'utf8',
      }),
    )
    writeFileSync(file, text)
    expect(immutable(newer)).to.deep.equal(immutable(manifestsOf(render({ set: EVERYTHING }))))
    const secured = VALUES_FILES.find((path) => path.endsWith('secured.yaml'))!
    const other = render({ values: [secured], set: ['nameOverride='] })
    const plain = render({ set: ['store.endpoints={a:2379}'] })
    expect(immutable(manifestsOf(other))).to.deep.equal(immutable(manifestsOf(plain)))
  })

  const wrong: [set: string, says: RegExp][] = [
    ['ports.admin=2181', /ports\.\w+ and ports\.\w+ are both 2181/],
    ['tls.enabled=true,tls.secretName=x,ports.secure=8080', /are both 8080/],
    ['plain=false,tls.enabled=true,tls.secretName=x,ports.client=8080', /are both 8080/],
    ['resources.limits.memory=512Mi', /is 512Mi, and heapMiB is 640/],
    ['heapMiB=2048', /is 1Gi, and heapMiB is 2048/],
    ['extraVolumes[0].name=conf', /extraVolumes: conf is a volume of the chart/],
    ['podLabels.app\\.kubernetes\\.io/name=x', /is what the Services select the pods by/],
    ['fullnameOverride=1zk', /1zk is no name of a Service/],
    ['fullnameOverride=a.b', /a\.b is no name of a Service/],
  ]
  for (const [set, says] of wrong) {
    it(`refuses ${set}`, () => {
      expect(refusal({ set: ['etcd.enabled=true', set] })?.replaceAll('\n', ' ')).to.match(says)
    })
  }

  it('a port that is not used may be that of another', () => {
    expect(refusal({ set: ['etcd.enabled=true', 'ports.secure=8080'] })).to.equal(undefined)
  })

  /** helm shows them to who installs, into a cluster. Here they are rendered into a ConfigMap of a copy. */
  function notes(...set: string[]): string {
    const shown = '{{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}'
    const file = join(copy, 'templates', 'shown.yaml')
    writeFileSync(file, `kind: ConfigMap\nmetadata: {name: notes}\ndata: {text: ${shown}}\n`)
    const only = ['--namespace', 'kafka', '--show-only', 'templates/shown.yaml']
    const args = ['template', 'zk', copy, ...only, '--set', ['etcd.enabled=true', ...set].join()]
    const text = execFileSync(deployTool('helm'), args, { encoding: 'utf8', stdio: 'pipe' })
    return manifestsOf(text)[0]!.data!.text!
  }

  it('the notes name the connect string, how TLS is reached, and the way from outside', () => {
    expect(notes('replicas=2')).to.include(
      'zk-anykeeper-0.zk-anykeeper-headless.kafka.svc:2181,zk-anykeeper-1.zk-anykeeper-headless.kafka.svc:2181\n',
    )
    expect(notes()).to.not.match(/TLS|outside/)
    expect(notes('replicas=1')).to.match(/^1 proxy of/)
    expect(notes('workload=Deployment'))
      .to.match(/^ {4}zk-anykeeper\.kafka\.svc:2181$/m)
      .and.match(/port-forward deployment\/zk-anykeeper 8080:8080/)
    const tls = ['tls.enabled=true', 'tls.secretName=server']
    expect(notes(...tls)).to.match(/^Over TLS: the same on port 2281\.$/m)
    expect(notes(...tls, 'tls.onClientPort=true')).to.match(/2281, and on port 2181 as well\.$/m)
    expect(notes(...tls, 'plain=false', 'workload=Deployment'))
      .to.match(/^ {4}zk-anykeeper\.kafka\.svc:2281$/m)
      .and.match(
        /^Clients come over TLS alone, with a certificate that ca\.crt of server has issued\.$/m,
      )
    expect(notes(...tls, 'plain=false', 'tls.clientAuth=none')).to.match(/over TLS alone\.$/m)
    expect(notes('service.type=NodePort'))
      .to.match(/kubectl -n kafka get service zk-anykeeper$/m)
      .and.match(/open on each node/)
    expect(notes('service.type=LoadBalancer')).to.match(/EXTERNAL-IP/)
  })
})
