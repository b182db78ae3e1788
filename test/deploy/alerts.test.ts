/** Each alert rule fires on what it is for, with its words, and is silent otherwise: promtool decides. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { ALERT_CASES } from './alert-cases.ts'
import { type AlertRule, alertRules, alertsFile } from './alert-rules.ts'

const group = { job: 'anykeeper', namespace: 'kafka' }
const target = { ...group, instance: 'zk-0:8080' }

/** While something is done on purpose, each of them is looked at. */
const MINUTES = Array.from({ length: 10 }, (_, index) => `${index + 11}m`)

describe('deploy/alerts', function () {
  this.timeout(60_000)
  const folder = temporaryFolder('alerts')
  before(function () {
    requireOrSkip(this, 'prometheus')
  })
  after(() => removeFolder(folder))

  it('promtool takes the file, and each rule has a case', () => {
    execFileSync('promtool', ['check', 'rules', alertsFile], { stdio: 'pipe' })
    expect(alertRules().map(({ alert }) => alert)).to.deep.equal(Object.keys(ALERT_CASES))
  })

  it('each fires on its case alone, and never on what is done on purpose', () => {
    const tests = alertRules().flatMap((rule) => {
      const { fires, silent, normal = {} } = ALERT_CASES[rule.alert]!
      return [
        unitTest(rule, fires, 'fires'),
        unitTest(rule, silent, 'is silent'),
        ...Object.entries(normal).map(([what, series]) => unitTest(rule, series, `not: ${what}`)),
      ]
    })
    const file = join(folder, 'tests.yaml')
    // JSON is YAML.
    writeFileSync(
      file,
      JSON.stringify({ rule_files: [alertsFile], evaluation_interval: '1m', tests }),
    )
    execFileSync('promtool', ['test', 'rules', file], { stdio: 'pipe' })
  })

  function unitTest(
    rule: AlertRule,
    series: Readonly<Record<string, string>>,
    what: string,
  ): unknown {
    const { summary, isOfGroup } = ALERT_CASES[rule.alert]!
    const minutes = what === 'is silent' ? ['20m'] : MINUTES
    const at = (time: string, alerts: unknown) => ({
      eval_time: time,
      alertname: rule.alert,
      exp_alerts: alerts,
    })
    const alert = {
      exp_labels: { ...(isOfGroup === true ? group : target), ...rule.labels },
      exp_annotations: { ...rule.annotations, summary },
    }
    return {
      name: `${rule.alert} ${what}`,
      interval: '1m',
      input_series: Object.entries(series).map(([name, values]) => ({
        series: withLabels(name),
        values,
      })),
      alert_rule_test: what === 'fires' ? [at('20m', [alert])] : minutes.map((one) => at(one, [])),
    }
  }
})

/** Labels of a target, unless it has those. */
function withLabels(series: string): string {
  const [, name, own = ''] = /^([\w:]+)(?:\{(.*)\})?$/.exec(series)!
  const added = Object.entries(target).filter(([label]) => !own.includes(`${label}=`))
  const labels = [
    ...(own === '' ? [] : [own]),
    ...added.map(([label, value]) => `${label}="${value}"`),
  ]
  return `${name}{${labels.join(',')}}`
}
