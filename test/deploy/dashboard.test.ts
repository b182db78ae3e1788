/** Each expression of the dashboard and of the alert rules asks for what a proxy has: by name in a real scrape, and Prometheus takes it. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { dashboard, ROWS } from '../../scripts/lib/dashboard.ts'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { TlsFixtures } from '../support/tls-bed.ts'
import { alertRules, metricsOf } from './alert-rules.ts'
import { chart } from './chart.ts'

/** Prometheus makes it. */
const OF_PROMETHEUS = ['up']

describe('deploy/dashboard', function () {
  this.timeout(120_000)
  const folder = temporaryFolder('dashboard')
  const fixtures = new TlsFixtures()
  after(() => {
    fixtures.remove()
    removeFolder(folder)
  })
  const expressions = ROWS.flatMap(([, panels]) =>
    panels.flatMap(([, , byLegend]) => Object.values(byLegend)),
  )

  it('is written: npm run deploy:dashboard', () => {
    const written = readFileSync(join(chart, 'files', 'dashboard.json'), 'utf8')
    expect(written).to.equal(dashboard())
    const { panels } = JSON.parse(written) as {
      panels: { id: number; gridPos: { x: number; y: number } }[]
    }
    const places = panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)
    expect(new Set(places).size).to.equal(panels.length)
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length)
  })

  it('the names of metrics in an expression', () => {
    const text = 'sum by (a, le) (rate(b_c{d="e"}[5m])) / (f:g > 0) and count without(h) (i) or j'
    expect(metricsOf(text)).to.deep.equal(['b_c', 'f:g', 'i', 'j'])
  })

  it('each name is in a scrape of a proxy on etcd, with TLS', async function () {
    requireEtcd(this)
    const etcd = await startEtcd()
    const adminPort = await freePort()
    const { cert, key } = fixtures.server
    const tls = ['--secure-listen', '127.0.0.1:0', '--tls-cert', cert, '--tls-key', key]
    const server = await startAnykeeper({
      store: `etcd://${etcd.host}`,
      args: ['--admin-listen', `127.0.0.1:${adminPort}`, ...tls, '--tls-client-auth', 'none'],
    })
    try {
      // A proxy looks at the space of its store some time after its start.
      const known = await eventually(
        'the size of the store',
        async () => {
          const { body } = await http(adminPort, '/metrics')
          const typed = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!))
          return body.includes('\nanykeeper_store_bytes_max ') && typed
        },
        30_000,
      )
      const named = [...expressions, ...alertRules().map(({ expr }) => expr)].flatMap(metricsOf)
      expect(named.length).to.be.above(60)
      const isKnown = (name: string): boolean =>
        known.has(name.replace(/_bucket$/, '')) || known.has(name)
      const unknown = named.filter((name) => !isKnown(name) && !OF_PROMETHEUS.includes(name))
      expect(unknown).to.deep.equal([])
    } finally {
      await server.stop()
      await etcd.stop()
    }
  })

  it('Prometheus takes each expression', function () {
    requireOrSkip(this, 'prometheus')
    const rules = expressions.map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', 'zk'),
    }))
    const file = join(folder, 'panels.yml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    execFileSync('promtool', ['check', 'rules', file], { stdio: 'pipe' })
  })
})
