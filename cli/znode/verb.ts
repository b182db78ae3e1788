/**
 * A verb: what a command of the shell and the command of the same name do. Its flags and arguments are those of both.
 * Neighbours: one-shot (a command of the process), ../shell (a line).
 */
import { Argument, Command, InvalidArgumentError, type Option } from 'commander'
import type { ZooKeeper } from '../../lib/index.ts'
import { UsageError } from '../flags.ts'
import { EXIT_CODES } from './exit-codes.ts'
import type { Output } from './output.ts'
import type { Target } from './target.ts'

/** What a verb runs with. */
export interface Run {
  readonly target: Target
  /** Each of its calls is bounded. */
  readonly client: ZooKeeper
  readonly output: Output
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** The path that was meant: the shell has a current one. */
  resolve(path: string): string
  /** Set by a verb of many steps that has said how far it came: what was in flight is in it. */
  isHowFarSaid?: true
  /** In the shell: called with an event of a watch that a read has set. */
  readonly onEvent?: (event: { readonly type: number; readonly path: string }) => void
}

export type Flags = Readonly<Record<string, unknown>>

export interface Verb {
  readonly name: string
  /** Other names in the shell, zkCli's among them. */
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly description?: string
  /** As commander takes them: `<path>`, `[data]`. */
  readonly arguments?: readonly (readonly [name: string, text: string])[]
  readonly options?: readonly Option[]
  /** Arguments of the verb, as in `anykeeper VERB ARGUMENTS`. */
  readonly examples: readonly string[]
  /** May it change something? Then an unknown outcome has an exit code of its own. @default false */
  readonly isWrite?: boolean
  /** Over the wire it needs no session, so its run has no client there. @default false */
  readonly isSessionless?: boolean
  /** Not a command of the process, or not a word of the shell. */
  readonly only?: 'shell' | 'process'
  /** Resolves with an exit code; undefined: 0. */
  run(run: Run, args: readonly string[], flags: Flags): Promise<number | undefined>
}

/** The verb's arguments, flags and help, without an action. */
export function commandOf(verb: Verb, prefix: string): Command {
  const command = new Command(verb.name)
    .summary(verb.summary)
    .description(verb.description ?? sentence(verb.summary))
    .allowExcessArguments(false)
  for (const [name, text] of verb.arguments ?? []) {
    const argument = new Argument(name, text)
    command.addArgument(argument.name() === 'path' ? argument.argParser(notEmpty) : argument)
  }
  for (const option of verb.options ?? []) command.addOption(option)
  const examples = verb.examples.map(
    (one) => `  ${prefix}${verb.name}${one === '' ? '' : ' '}${one}`,
  )
  command.addHelpText('after', `\nExamples:\n${examples.join('\n')}`)
  if (prefix !== '') command.addHelpText('after', `\n${EXIT_CODES}`)
  return command
}

/** An empty path is a variable that was not set: it must not mean the root, or where the shell stands. */
function notEmpty(path: string): string {
  if (path === '') throw new InvalidArgumentError('the path is empty; the root is "/".')
  return path
}

const sentence = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}.`

/** The path of a verb that has one; the current one where none was given. */
export const pathOf = ({ resolve }: Run, [path]: readonly string[]): string => resolve(path ?? '')

/** The callback of `-w`. @throws {UsageError} in a process of one command nobody would see its event */
export function watchOf({ onEvent }: Run, { watch }: Flags): Run['onEvent'] {
  if (watch !== true) return undefined
  if (onEvent !== undefined) return onEvent
  throw new UsageError('-w is for the shell; anykeeper watch <path> reports events')
}
