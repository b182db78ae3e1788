/** Each alert rule fires on what it is for, with its words, and is silent otherwise: promtool decides. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { ALERT_CASES } from './alert-cases.ts'
import { ALERT_DURATIONS } from './alert-durations.ts'
import { type AlertRule, alertRules, alertsFile } from './alert-rules.ts'

const group = { job: 'anykeeper', namespace: 'kafka' }
const target = { ...group, instance: 'zk-0:8080' }

/** Of the chart's ServiceMonitor. */
const SCRAPE_SECONDS = 15
/** All is well for so long before something happens. */
const WELL_SECONDS = 600

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
    promtool(60, tests)
  })

  it('each fires when it has lasted as long as the table says, and not a scrape earlier', () => {
    expect(alertRules().map(({ alert }) => alert)).to.deep.equal(Object.keys(ALERT_DURATIONS))
    promtool(
      SCRAPE_SECONDS,
      alertRules().map((rule) => {
        const { seconds, series } = ALERT_DURATIONS[rule.alert]!
        const at = (after: number) => ({
          expr: firing(rule.alert),
          eval_time: `${WELL_SECONDS + after}s`,
          exp_samples: after < seconds ? [] : [{ labels: '{}', value: 1 }],
        })
        // Right before the change, and at each scrape up to one behind its time.
        const times = [-SCRAPE_SECONDS]
        for (let after = 0; after <= seconds + SCRAPE_SECONDS; after += SCRAPE_SECONDS)
          times.push(after)
        return {
          name: `${rule.alert} lasts`,
          interval: `${SCRAPE_SECONDS}s`,
          input_series: seriesOf(series, Number.POSITIVE_INFINITY),
          promql_expr_test: times.map(at),
        }
      }),
    )
  })

  it('none of those that wait fires on what has passed a scrape before', () => {
    const waiting = alertRules().filter((rule) => {
      const { seconds, series } = ALERT_DURATIONS[rule.alert]!
      // What a counter counted stays for the whole of the window in which it is looked at.
      return seconds > 0 && !/\[\d+m\]/.test(rule.expr) && Object.keys(series).length > 0
    })
    expect(waiting).to.have.length(8)
    promtool(
      SCRAPE_SECONDS,
      waiting.map(({ alert }) => {
        const { seconds, series } = ALERT_DURATIONS[alert]!
        const scrapes = seconds / SCRAPE_SECONDS
        return {
          name: `${alert} passes`,
          interval: `${SCRAPE_SECONDS}s`,
          input_series: seriesOf(series, scrapes),
          promql_expr_test: Array.from({ length: scrapes + 8 }, (_, index) => ({
            expr: firing(alert),
            eval_time: `${WELL_SECONDS + index * SCRAPE_SECONDS}s`,
            exp_samples: [],
          })),
        }
      }),
    )
  })

  const firing = (alert: string): string =>
    `count(ALERTS{alertname="${alert}",alertstate="firing"})`

  /** Well, then bad for so many scrapes, then well again. */
  function seriesOf(
    series: Readonly<Record<string, readonly [well: string, bad: string]>>,
    scrapes: number,
  ): unknown[] {
    // `0x3` is four zeros.
    const repeated = (value: string, count: number): string => `${value}x${count - 1}`
    return Object.entries(series).map(([name, [well, bad]]) => ({
      series: withLabels(name),
      values: [
        repeated(well, WELL_SECONDS / SCRAPE_SECONDS),
        repeated(bad, Math.min(scrapes, 60)),
        ...(scrapes === Number.POSITIVE_INFINITY ? [] : [repeated(well, 20)]),
      ].join(' '),
    }))
  }

  function promtool(intervalSeconds: number, tests: readonly unknown[]): void {
    const file = join(folder, 'tests.yaml')
    // JSON is YAML.
    const content = { rule_files: [alertsFile], evaluation_interval: `${intervalSeconds}s`, tests }
    writeFileSync(file, JSON.stringify(content))
    execFileSync('promtool', ['test', 'rules', file], { stdio: 'pipe' })
  }

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
