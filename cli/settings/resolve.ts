/** From the sources, strongest first, to one value for each setting. Neighbours: given (a source), serve (the reader). */

import type { KeeperLimits } from '../../lib/index.ts'
import { reasonOf } from '../../lib/internal.ts'
import type { ProxyOptions } from '../../proxy/index.ts'
import { type Given, type Origin, type Source, settingsOf } from './given.ts'
import { type AnySetting, type Get, type Group, type Setting, shownText } from './setting.ts'

const DEFAULT: Origin = { kind: 'default', shown: 'default', complaint: () => '' }

/** One setting as --check-config shows it. */
export interface ShownSetting {
  readonly setting: AnySetting
  readonly text: string
  readonly origin: Origin
}

export class Values {
  readonly #groups: readonly Group[]
  readonly #given: ReadonlyMap<AnySetting, Given>
  readonly #values: ReadonlyMap<AnySetting, unknown>

  constructor(
    groups: readonly Group[],
    given: ReadonlyMap<AnySetting, Given>,
    values: ReadonlyMap<AnySetting, unknown>,
  ) {
    this.#groups = groups
    this.#given = given
    this.#values = values
  }

  /** The value that was given, or the default. */
  readonly get: Get = <T>(setting: Setting<T>): T => {
    if (this.#values.has(setting as AnySetting)) {
      return this.#values.get(setting as AnySetting) as T
    }
    return setting.derive === undefined ? (setting.default as T) : setting.derive(this.get)
  }

  /** false: it has its default. */
  isGiven(setting: AnySetting): boolean {
    return this.#given.has(setting)
  }

  /** Limits that the settings set. */
  get keeper(): Partial<KeeperLimits> {
    return this.#merge<KeeperLimits>((setting, value) => setting.keeper?.(value))
  }

  /** Options that the settings set. */
  get proxy(): Partial<ProxyOptions> {
    return this.#merge<ProxyOptions>((setting, value) => setting.proxy?.(value))
  }

  /** Of those that a reload takes. */
  get reloadedProxy(): Partial<ProxyOptions> {
    return this.#merge<ProxyOptions>((setting, value) =>
      setting.reload === true ? setting.proxy?.(value) : undefined,
    )
  }

  /** All of them, without secrets. */
  shown(): ShownSetting[] {
    return settingsOf(this.#groups).map((setting) => {
      const given = this.#given.get(setting)
      if (given !== undefined) {
        return { setting, text: shownText(setting, given.text), origin: given.origin }
      }
      return { setting, text: this.#defaultText(setting), origin: DEFAULT }
    })
  }

  #defaultText(setting: AnySetting): string {
    const { default: value, defaultText, derive, format = String } = setting
    if (derive !== undefined) return format(derive(this.get))
    return defaultText ?? (value === undefined ? '' : format(value))
  }

  #merge<T>(part: (setting: AnySetting, value: unknown) => Partial<T> | undefined): Partial<T> {
    const parts = settingsOf(this.#groups).map((setting) => part(setting, this.get(setting)))
    return Object.assign({}, ...parts) as Partial<T>
  }
}

export interface Resolved {
  readonly values: Values
  /** A sentence each. With one of them nothing may be started. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

/** @param sources strongest first */
export function resolve(groups: readonly Group[], sources: readonly Source[]): Resolved {
  const problems = sources.flatMap((source) => source.problems)
  const given = new Map<AnySetting, Given>()
  for (const source of sources) {
    for (const [setting, one] of source.given) if (!given.has(setting)) given.set(setting, one)
  }
  const parsed = new Map<AnySetting, unknown>()
  const bad = new Set<AnySetting>()
  for (const [setting, { text, origin }] of given) {
    try {
      parsed.set(setting, setting.parse(text))
    } catch (error) {
      bad.add(setting)
      const shownValue = setting.secret === true ? undefined : shownText(setting, text)
      problems.push(`${origin.complaint(shownValue)} ${reasonOf(error)}`)
    }
  }
  const values = new Values(groups, given, parsed)
  for (const { settings, check } of groups) {
    if (check === undefined || settings.some((setting) => bad.has(setting))) continue
    problems.push(...check(values.get))
  }
  return { values, problems, warnings: sources.flatMap((source) => source.warnings) }
}
