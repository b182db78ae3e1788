/** The settings as flags of commander, which only collects their texts: resolve parses them. */
import { type Command, Option } from 'commander'
import { flagsOf, settingsOf } from './given.ts'
import { CONFIG_VARIABLE } from './load.ts'
import { type AnySetting, type Group, hasTwin, variableOf } from './setting.ts'

/** As in the help: the default and the variable, in parentheses. */
function description(setting: AnySetting): string {
  const { text, zookeeper = [], default: value, defaultText } = setting
  const shown = defaultText ?? (typeof value === 'boolean' ? '' : String(value ?? ''))
  const notes = [
    ...(zookeeper.length === 0 ? [] : [zookeeper.join(', ')]),
    ...(shown === '' ? [] : [`default: ${shown}`]),
    `env: ${variableOf(setting)}`,
  ]
  return `${text} (${notes.join(', ')})`
}

export function addSettings(command: Command, groups: readonly Group[]): Command {
  const first = [
    new Option(
      '--config <file>',
      `take settings from this file: zoo.cfg, or name=value lines (env: ${CONFIG_VARIABLE})`,
    ),
    new Option(
      '--check-config',
      'print all settings and where they come from, open nothing, and exit: 2 if there is an error',
    ),
  ]
  for (const option of first) command.addOption(option.helpGroup('Configuration:'))
  for (const { title, settings } of groups) {
    const add = (option: Option) => command.addOption(option.helpGroup(`${title}:`))
    for (const setting of settings) {
      const option = new Option(flagsOf(setting), description(setting))
      // For completion alone: a value is parsed, and refused, with those of variables and files.
      if (setting.choices !== undefined) option.argChoices = [...setting.choices]
      add(option)
      // A switch of the configuration file can be turned off again.
      if (setting.value === undefined) add(new Option(`--no-${setting.name}`).hideHelp())
      if (!hasTwin(setting)) continue
      const variable = `${variableOf(setting)}_FILE`
      const text = `take --${setting.name} from this file (env: ${variable})`
      add(new Option(`--${setting.name}-file <file>`, text))
    }
  }
  return command
}

export interface CommandLine {
  /** The texts that were given as flags, by name. */
  readonly flags: ReadonlyMap<string, string>
  readonly config: string | undefined
  /** Only look at the settings. */
  readonly isCheck: boolean
}

export function commandLineOf(command: Command, groups: readonly Group[]): CommandLine {
  const { config, checkConfig } = command.opts<{ config?: string; checkConfig?: boolean }>()
  return { flags: givenFlags(command, groups), config, isCheck: checkConfig === true }
}

function givenFlags(command: Command, groups: readonly Group[]): Map<string, string> {
  const flags = new Map<string, string>()
  const names = settingsOf(groups).flatMap((setting) =>
    hasTwin(setting) ? [setting.name, `${setting.name}-file`] : [setting.name],
  )
  for (const name of names) {
    const key = name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    if (command.getOptionValueSource(key) !== 'cli') continue
    flags.set(name, String(command.getOptionValue(key)))
  }
  return flags
}
