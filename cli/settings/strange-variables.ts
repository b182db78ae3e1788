/** Variables that look like a setting and are none: a warning each, as somebody may have mistyped one. */
import { settingsOf } from './given.ts'
import { nearest } from './nearest.ts'
import { type Group, hasTwin, variableOf } from './setting.ts'

/** Kubernetes sets them for a Service called anykeeper or anykeeper-…. */
const KUBERNETES = /_PORT$|_PORT_\d+_|_SERVICE_/

/** Only those that are near to a setting: others may belong to something else. */
export function strangeVariables(groups: readonly Group[], env: NodeJS.ProcessEnv): string[] {
  const settings = settingsOf(groups)
  const known = new Set([
    'ANYKEEPER_CONFIG',
    ...settings.map(variableOf),
    ...settings.filter(hasTwin).map((setting) => `${variableOf(setting)}_FILE`),
  ])
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('ANYKEEPER_') || known.has(name) || KUBERNETES.test(name)) return []
    const meant = nearest(name.slice('ANYKEEPER_'.length), unprefixed(known))
    return meant === undefined
      ? []
      : [`variable ${name} is no setting: did you mean ANYKEEPER_${meant}?`]
  })
}

const unprefixed = (names: Iterable<string>): string[] =>
  [...names].map((name) => name.slice('ANYKEEPER_'.length))
