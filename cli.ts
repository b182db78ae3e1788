#!/usr/bin/env node
/**
 * The command line. It and cli/, one file a command, put the program together: only they import both
 * the adapters and the proxy.
 */
import { Command, CommanderError } from 'commander'
import { EXIT_USAGE, UsageError } from './cli/flags.ts'
import { commandsFor } from './cli/program.ts'
import { stayAlive } from './cli/stay-alive.ts'
import { CommandError } from './cli/znode/exit-codes.ts'
import { printableText } from './cli/znode/printable.ts'
import { isKeeperError, StoreError } from './lib/index.ts'

const withoutValue = (text: string) => text.replace(/(unknown option '-[^'=]*)=.*'/s, "$1'")

/** Commands below a command, too. */
function inherited(command: Command, parent: Command): Command {
  command.exitOverride().copyInheritedSettings(parent)
  for (const one of command.commands) inherited(one, command)
  return command
}

// It needs the proxy, and most commands do not.
const isVersion = process.argv.includes('--version')
const version = isVersion ? (await import('./cli/version.ts')).versionLine() : ''

const program = new Command('anykeeper')
  .description('ZooKeeper, on etcd')
  .exitOverride()
  .version(version, '--version', 'print the versions of this package and of ZooKeeper, and exit')
  // An unknown flag is shown without its value: a mistyped name may stand before a secret.
  .configureOutput({ outputError: (text, write) => write(withoutValue(text)) })
for (const command of await commandsFor(process.argv[2])) {
  program.addCommand(inherited(command, program))
}

const release = stayAlive()
try {
  await program.parseAsync()
  release()
} catch (error) {
  if (error instanceof CommanderError) {
    const help = error.code === 'commander.helpDisplayed' || error.code === 'commander.version'
    process.exit(help ? 0 : EXIT_USAGE)
  }
  const usage =
    error instanceof UsageError || (error instanceof StoreError && error.code === 'STORE_INVALID')
  const text = isKeeperError(error) || error instanceof Error ? error.message : String(error)
  process.stderr.write(`error: ${printableText(text)}\n`)
  process.exit(usage ? EXIT_USAGE : error instanceof CommandError ? error.exitCode : 1)
}
