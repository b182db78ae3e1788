/** All sources of one start, or of one reload: flags, variables, the configuration file. Neighbours: given, from-file. */
import { fromFile } from './from-file.ts'
import { fromFlags, fromVariables, type Source } from './given.ts'
import { type Resolved, resolve } from './resolve.ts'
import type { Group } from './setting.ts'
import { strangeVariables } from './strange-variables.ts'

/** Names the configuration file where no flag does. */
export const CONFIG_VARIABLE = 'ANYKEEPER_CONFIG'

export interface Start {
  /** Texts by name. */
  readonly flags: ReadonlyMap<string, string>
  readonly env: NodeJS.ProcessEnv
  /** --config. */
  readonly config: string | undefined
}

export function loadSettings(groups: readonly Group[], { flags, env, config }: Start): Resolved {
  const file = config ?? env[CONFIG_VARIABLE]
  const none: Source = { given: new Map(), problems: [], warnings: [] }
  const resolved = resolve(groups, [
    fromFlags(groups, flags),
    fromVariables(groups, env),
    file === undefined ? none : fromFile(groups, file),
  ])
  return { ...resolved, warnings: [...resolved.warnings, ...strangeVariables(groups, env)] }
}
