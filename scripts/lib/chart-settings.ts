/** What the chart knows of the settings of `serve`: the names, as a template, and what each may be, as a part of its schema. */
import { settingsOf } from '../../cli/settings/given.ts'
import { type NumberRange, rangeOf, SWITCHES } from '../../cli/settings/parse.ts'
import { GROUPS } from '../../cli/settings/schema.ts'
import { type AnySetting, hasTwin } from '../../cli/settings/setting.ts'

const settings = settingsOf(GROUPS)

/** Those that the chart sets from values of their own. */
const OWN = new Set([
  ...['listen', 'advertise', 'secure-listen', 'admin-listen', 'store', 'prefix', 'drain-wait'],
  ...['tls-cert', 'tls-key', 'tls-ca', 'tls-client-auth', 'tls-on-listen'],
  ...['sasl-users', 'super-digest', 'admin-token'],
])

const twins = settings.flatMap((one) => (hasTwin(one) ? [`${one.name}-file`] : []))

const listed = (names: readonly string[]): string =>
  `list ${names.map((name) => `"${name}"`).join(' ')} | toJson`

/** templates/_settings.tpl */
export function settingsTemplate(): string {
  const names = [...settings.map(({ name }) => name), ...twins]
  const own = names.filter((name) => OWN.has(name.replace(/-file$/, '')))
  const secrets = settings.flatMap(({ name, secret }) => (secret === true ? [name] : []))
  return [
    '{{/* Made from the settings of anykeeper serve: npm run deploy:settings. */}}',
    `{{- define "anykeeper.settings" -}}{{ ${listed(names)} }}{{- end -}}`,
    `{{- define "anykeeper.ownSettings" -}}{{ ${listed(own)} }}{{- end -}}`,
    `{{- define "anykeeper.secretSettings" -}}{{ ${listed(secrets)} }}{{- end -}}`,
    '{{/* Smallest and largest value of each number. */}}',
    `{{- define "anykeeper.rangesOfSettings" -}}`,
    JSON.stringify(Object.fromEntries(settings.flatMap(rangeRow))),
    '{{- end -}}',
    '',
  ].join('\n')
}

function rangeRow({ name, parse }: AnySetting): [string, [number, number]][] {
  const range = rangeOf(parse)
  return range === undefined || OWN.has(name) ? [] : [[name, [range.min, range.max]]]
}

type Schema = Readonly<Record<string, unknown>>

/** What many settings share, in the definitions of values.schema.json. */
export const DEFINITIONS: Readonly<Record<string, Schema>> = {
  switch: { enum: [true, false, 1, 0, ...SWITCHES.keys()] },
  wholeFrom0: numberOf({ min: 0, max: Number.MAX_SAFE_INTEGER, isWhole: true }),
  wholeFrom1: numberOf({ min: 1, max: Number.MAX_SAFE_INTEGER, isWhole: true }),
}

/** One line: another one would be another setting. */
const TEXT: Schema = { type: ['string', 'number', 'boolean'], pattern: '^[^\\r\\n]*$' }

/** Of `config` in values.schema.json. What has no row here is judged by the template, or by the pod. */
export function configSchema(): Schema {
  const rows = settings
    .filter(({ name }) => !OWN.has(name))
    .map((setting) => [setting.name, schemaOf(setting)] as const)
  return {
    type: 'object',
    propertyNames: { pattern: '^[a-z][a-z0-9-]*$' },
    properties: Object.fromEntries(rows.filter(([, schema]) => schema !== undefined)),
    additionalProperties: TEXT,
  }
}

/** A number may be a text, as helm makes of `--set a=0.5`: the template compares those. undefined: any text. */
function schemaOf({ value, choices, parse }: AnySetting): Schema | undefined {
  if (value === undefined) return { $ref: '#/$defs/switch' }
  if (choices !== undefined) {
    const numbers = choices.filter((one) => /^\d+$/.test(one)).map(Number)
    return { enum: [...choices, ...numbers] }
  }
  const range = rangeOf(parse)
  if (range === undefined) return undefined
  const { min, max, isWhole } = range
  const shared = `wholeFrom${min}`
  if (isWhole && max === Number.MAX_SAFE_INTEGER && shared in DEFINITIONS) {
    return { $ref: `#/$defs/${shared}` }
  }
  return numberOf(range)
}

function numberOf({ min, max, isWhole }: NumberRange): Schema {
  return {
    type: [isWhole ? 'integer' : 'number', 'string'],
    minimum: min,
    ...(max < Number.MAX_SAFE_INTEGER && { maximum: max }),
    pattern: isWhole ? '^[0-9]+$' : '^[0-9]*\\.?[0-9]+$',
  }
}
