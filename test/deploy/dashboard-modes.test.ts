/**
 * What a server reports in each mode and on each kind of store, as a real Prometheus sees it: promtool finds nothing wrong, each name
 * of the dashboard and of the alert rules is there, and each panel has data, or its description says why not.
 */
import { expect } from 'chai'
import { type Emptiness, type Lack, ROWS } from '../../scripts/lib/dashboard.ts'
import { malformed } from '../observe/prometheus-server.ts'
import { requireEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { alertRules, metricsOf } from './alert-rules.ts'
import { MODES, ModeBed, type ModeName } from './mode-bed.ts'

/** Prometheus makes it. */
const OF_PROMETHEUS = ['up']

const UNMOVED: readonly Lack[] = ['source', 'forwarding']
const LACKS: Readonly<Record<Exclude<ModeName, 'loading'>, readonly Lack[]>> = {
  file: UNMOVED,
  memory: [...UNMOVED, 'space'],
  redis: [...UNMOVED, 'quota'],
  'etcd-leader': UNMOVED,
  'etcd-follower': UNMOVED,
  // Of a store in memory.
  standby: ['space', 'requests', 'forwarding'],
  observer: ['space', 'commits'],
}

interface Shown {
  readonly title: string
  readonly legend: string
  readonly expr: string
  readonly empty: readonly Emptiness[]
}

const ALL: readonly Shown[] = ROWS.flatMap(([, panels]) =>
  panels.flatMap(([title, , byLegend, empty = []]) =>
    Object.entries(byLegend).map(([legend, expr]) => ({ title, legend, expr, empty })),
  ),
)
const nameOf = ({ title, legend }: Shown): string => `${title}: ${legend}`

function isEmptyWith(lacks: readonly Lack[], { legend, empty }: Shown): boolean {
  return empty.some(
    (one) =>
      lacks.includes(one.lacks) && (one.legends === undefined || one.legends.includes(legend)),
  )
}

describe('deploy/dashboard in each mode', function () {
  this.timeout(180_000)
  const bed = new ModeBed()

  before(async function () {
    requireEtcd(this)
    requireOrSkip(this, 'prometheus', 'redis', 'zookeeper')
    await bed.start()
  })
  after(() => bed.stop())

  /** Those without a number. */
  async function emptyOf(job: string): Promise<readonly Shown[]> {
    const shown = await Promise.all(
      ALL.map(async (one) => {
        const expr = one.expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', job)
        const results = await bed.prometheus.query(expr)
        return results.some(({ value }) => Number.isFinite(Number(value[1])))
      }),
    )
    return ALL.filter((_, index) => !shown[index])
  }

  async function expectMode(name: ModeName, lacks: readonly Lack[]): Promise<string> {
    const { body } = await bed.metrics(name)
    expect(malformed(body), name).to.deep.equal([])
    const expected = ALL.filter((one) => isEmptyWith(lacks, one)).map(nameOf)
    // A look of Prometheus that comes late on a busy machine leaves all of them empty until the next one.
    const found = await eventually(
      `no more is empty of ${name} than ${expected.join(', ')}`,
      async () => {
        const empty = (await emptyOf(name)).map(nameOf)
        return empty.every((one) => expected.includes(one)) && empty
      },
      30_000,
    )
    expect(found, name).to.deep.equal(expected)
    return body
  }

  const modeIn = (body: string): string | undefined =>
    /^anykeeper_mode\{mode="(\w+)"\} 1$/m.exec(body)?.[1]

  it('while a tree is loaded, as docs/deploy.md says', async () => {
    const { body } = await bed.metrics('loading')
    expect(malformed(body)).to.deep.equal([])
    const empty = new Set(await emptyOf('loading'))
    const shown = ALL.filter((one) => !empty.has(one)).map(({ title }) => title)
    expect(shown).to.deep.equal(['Ready', 'Outages and losses of readiness, per hour', 'Processor'])
  })

  it('alone on each kind of store, two on etcd, a standby, and one that serves while ZooKeeper leads', async () => {
    const modes: Record<string, string | undefined> = {}
    for (const [name, lacks] of Object.entries(LACKS)) {
      modes[name] = modeIn(await expectMode(name as ModeName, lacks))
    }
    const alone = { file: 'standalone', memory: 'standalone', redis: 'standalone' }
    const two = { 'etcd-leader': 'leader', 'etcd-follower': 'follower' }
    expect(modes).to.deep.equal({ ...alone, ...two, standby: 'standby', observer: 'observer' })
    expect(Object.keys(modes)).to.have.length(MODES.length - 1)
    // Each lack is one that some server has, and each sentence is one that some server needs.
    for (const one of ALL.flatMap(({ empty }) => empty)) {
      expect(Object.values(LACKS).flat()).to.include(one.lacks)
    }
  })

  it('each name of the dashboard and of the alert rules', async () => {
    const { body } = await bed.metrics('etcd-leader')
    const known = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!))
    const named = [...ALL, ...alertRules()].flatMap(({ expr }) => metricsOf(expr))
    expect(named.length).to.be.above(60)
    const isKnown = (name: string): boolean =>
      known.has(name.replace(/_bucket$/, '')) || known.has(name)
    const unknown = named.filter((name) => !isKnown(name) && !OF_PROMETHEUS.includes(name))
    expect(unknown).to.deep.equal([])
  })

  it('after the take-over, standby and observer alike', async () => {
    await bed.takeOver()
    const standby = await expectMode('standby', ['space', 'forwarding'])
    const observer = await expectMode('observer', ['space'])
    expect([modeIn(standby), modeIn(observer)].sort()).to.deep.equal(['follower', 'leader'])
  })

  it('with the store away', async () => {
    await bed.storeAway()
    for (const name of ['etcd-leader', 'etcd-follower'] as const) {
      expect(modeIn(await expectMode(name, UNMOVED))).to.equal('leaderelection')
    }
  })
})
