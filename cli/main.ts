/** From the words behind `anykeeper` to an exit code: finds the command, runs it, and says what went wrong. Neighbour: program. */
import { Command, CommanderError } from 'commander'
import { isKeeperError, StoreError } from '../lib/index.ts'
import { EXIT_USAGE, UsageError } from './flags.ts'
import { commandsFor } from './program.ts'
import { stayAlive } from './stay-alive.ts'
import { CommandError } from './znode/exit-codes.ts'
import { printableText } from './znode/printable.ts'

const withoutValue = (text: string) => text.replace(/(unknown option '-[^'=]*)=.*'/s, "$1'")

/** Commands below a command, too. */
function inherited(command: Command, parent: Command): Command {
  command.exitOverride().copyInheritedSettings(parent)
  for (const one of command.commands) inherited(one, command)
  return command
}

/**
 * Resolves with the exit code of a command that did not run, or failed; undefined: it ran, and has set `process.exitCode`
 * if that is not 0. A server that it has started still runs. Never rejects.
 */
export async function main(words: readonly string[]): Promise<number | undefined> {
  const release = stayAlive()
  try {
    const program = await programFor(words)
    await program.parseAsync([...words], { from: 'user' })
    return undefined
  } catch (error) {
    if (error instanceof CommanderError) {
      const isHelp = error.code === 'commander.helpDisplayed' || error.code === 'commander.version'
      return isHelp ? 0 : EXIT_USAGE
    }
    const isUsage =
      error instanceof UsageError || (error instanceof StoreError && error.code === 'STORE_INVALID')
    const text = isKeeperError(error) || error instanceof Error ? error.message : String(error)
    process.stderr.write(`error: ${printableText(text)}\n`)
    if (isUsage) return EXIT_USAGE
    return error instanceof CommandError ? error.exitCode : 1
  } finally {
    release()
  }
}

async function programFor(words: readonly string[]): Promise<Command> {
  // It needs the proxy, and most commands do not.
  const isVersion = words.includes('--version')
  const version = isVersion ? (await import('./version.ts')).versionLine() : ''
  const program = new Command('anykeeper')
    .description('ZooKeeper, on etcd')
    .exitOverride()
    .version(version, '--version', 'print the versions of this package and of ZooKeeper, and exit')
    // An unknown flag is shown without its value: a mistyped name may stand before a secret. Words may come from xargs.
    .configureOutput({ outputError: (text, write) => write(printableText(withoutValue(text))) })
  for (const command of await commandsFor(words[0])) {
    program.addCommand(inherited(command, program))
  }
  return program
}
