/** What one source gives: the texts of settings and where each stands. Neighbours: from-file, resolve. */
import { reasonOf } from '../../lib/internal.ts'
import { readSecret } from './read-file.ts'
import { type AnySetting, type Group, hasTwin, variableOf } from './setting.ts'

/** Where a value comes from, as people read it: "flag", "variable ANYKEEPER_STORE", "/etc/anykeeper.conf:3". */
export interface Origin {
  readonly kind: 'flag' | 'variable' | 'file' | 'default'
  /** As --check-config shows it. */
  readonly shown: string
  /** The beginning of an error about a value, such as "option '--tick-time <ms>' argument '3s' is invalid." */
  complaint(shownValue: string | undefined): string
}

export interface Given {
  readonly text: string
  readonly origin: Origin
}

/** One source. Problems are errors; neither they nor the warnings repeat a secret. */
export interface Source {
  readonly given: ReadonlyMap<AnySetting, Given>
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

export const settingsOf = (groups: readonly Group[]): readonly AnySetting[] =>
  groups.flatMap(({ settings }) => settings)

/** Flags as written in help and errors: "--tick-time <ms>". */
export const flagsOf = ({ name, value }: AnySetting): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`

const twinFlagsOf = ({ name }: AnySetting): string => `--${name}-file <file>`

interface Ask {
  /** The text that this source has under a name of ours, with or without "-file". */
  readonly text: (name: string) => string | undefined
  readonly origin: (setting: AnySetting, isTwin: boolean) => Origin
}

/** Looks every setting and its twin up in one source. */
export function collect(groups: readonly Group[], { text, origin }: Ask): Source {
  const given = new Map<AnySetting, Given>()
  const problems: string[] = []
  for (const setting of settingsOf(groups)) {
    const direct = text(setting.name)
    const file = hasTwin(setting) ? text(`${setting.name}-file`) : undefined
    if (direct !== undefined) given.set(setting, { text: direct, origin: origin(setting, false) })
    if (file === undefined) continue
    const from = origin(setting, true)
    if (direct !== undefined) {
      problems.push(
        `${setting.name} is given twice, itself and in a file (${from.shown}): omit one of the two`,
      )
      continue
    }
    try {
      given.set(setting, { text: readSecret(file), origin: from })
    } catch (error) {
      problems.push(`${from.complaint(file)} ${reasonOf(error)}`)
    }
  }
  return { given, problems, warnings: [] }
}

const quoted = (text: string | undefined) => (text === undefined ? '' : ` '${text}'`)

/** Flags, as commander has them: the texts by name. */
export function fromFlags(groups: readonly Group[], flags: ReadonlyMap<string, string>): Source {
  const source = collect(groups, {
    text: (name) => flags.get(name),
    origin: (setting, isTwin) => ({
      kind: 'flag',
      shown: isTwin ? `flag --${setting.name}-file` : 'flag',
      complaint: (shownValue) =>
        `option '${isTwin ? twinFlagsOf(setting) : flagsOf(setting)}' argument${quoted(shownValue)} is invalid.`,
    }),
  })
  const warnings: string[] = []
  for (const [setting, { text, origin }] of source.given) {
    if (origin.shown !== 'flag' || !holdsSecret(setting, text)) continue
    warnings.push(
      `--${setting.name} holds a secret, and everybody on this machine can see the arguments of a process: ` +
        `use --${setting.name}-file or ${variableOf(setting)}_FILE`,
    )
  }
  return { ...source, warnings }
}

const holdsSecret = (setting: AnySetting, text: string): boolean =>
  setting.secret === true ||
  (setting.holdsSecret?.(text) ?? (setting.shown !== undefined && setting.shown(text) !== text))

/** Variables of the environment. */
export function fromVariables(groups: readonly Group[], env: NodeJS.ProcessEnv): Source {
  return collect(groups, {
    text: (name) => env[variableOf({ name })],
    origin: (setting, isTwin) => {
      const variable = variableOf(setting) + (isTwin ? '_FILE' : '')
      return {
        kind: 'variable',
        shown: `variable ${variable}`,
        complaint: (shownValue) =>
          `option '${flagsOf(setting)}' value${quoted(shownValue)} from env '${variable}' is invalid.`,
      }
    },
  })
}
