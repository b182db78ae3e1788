/** The dashboard is the one of its table, and Prometheus takes each expression. Neighbour: dashboard-modes.test.ts (what they show). */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { dashboard, ROWS } from '../../scripts/lib/dashboard.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { metricsOf } from './alert-rules.ts'
import { chart } from './chart.ts'

describe('deploy/dashboard', function () {
  this.timeout(60_000)
  const folder = temporaryFolder('dashboard')
  after(() => removeFolder(folder))
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
