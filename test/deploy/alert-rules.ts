/** The alert rules of the chart, read from their file. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { chart } from './chart.ts'

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly description: string }
}

export const alertsFile = join(chart, 'files', 'alerts.yaml')

export function alertRules(): readonly AlertRule[] {
  const { groups } = parse(readFileSync(alertsFile, 'utf8')) as {
    groups: readonly { rules: readonly AlertRule[] }[]
  }
  return groups.flatMap(({ rules }) => rules)
}

/** Names of metrics in an expression of PromQL: what is no function, label, keyword or text. */
export function metricsOf(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring|group_left|group_right) ?\([^)]*\)/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
  const words = bare.match(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g) ?? []
  return words.filter((word) => !/^(?:and|or|unless|bool|offset|by)$/.test(word))
}
