/** What the completion scripts know of the command line. Neighbours: bash, zsh, fish. */
import type { Command, Option } from 'commander'

export interface Flag {
  readonly short?: string
  readonly long?: string
  readonly text: string
  /** It has a value. */
  readonly hasValue: boolean
  /** Of its value; none: any. */
  readonly choices: readonly string[]
  /** Its value is a file or a folder. */
  readonly isFile: boolean
}

export interface Words {
  readonly name: string
  readonly text: string
  readonly flags: readonly Flag[]
  /** Of its first argument: the names of commands, or the shells. */
  readonly words: readonly Words[]
}

const FILE = /<(file|dir|folder)>/

function flagOf({ short, long, description, flags, required, optional, argChoices }: Option): Flag {
  return {
    ...(short !== undefined && { short }),
    ...(long !== undefined && { long }),
    text: firstWords(description),
    hasValue: required || optional,
    choices: argChoices ?? [],
    isFile: FILE.test(flags),
  }
}

/** In one line of a menu, without what shells take for their own. */
function firstWords(text: string): string {
  const plain = text.replace(/[^\w ,.:/()…–-]/g, ' ').replace(/\s+/g, ' ')
  return plain.length > 70 ? `${plain.slice(0, 69)}…` : plain
}

/** The command, its flags and those below it. */
export function modelOf(command: Command): Words {
  const flags = command.options.filter(({ hidden }) => !hidden).map(flagOf)
  const choices = command.registeredArguments[0]?.argChoices ?? []
  return {
    name: command.name(),
    text: firstWords(command.summary() || command.description()),
    flags: [
      ...flags,
      {
        long: '--help',
        short: '-h',
        text: 'show its flags',
        hasValue: false,
        choices: [],
        isFile: false,
      },
    ],
    words: [
      ...command.commands.map(modelOf),
      ...choices.map((name) => ({ name, text: '', flags: [], words: [] })),
    ],
  }
}

export const namesOf = ({ short, long }: Flag): string[] =>
  [short, long].filter((one) => one !== undefined)
