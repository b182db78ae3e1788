#!/usr/bin/env node
/**
 * The command line. It and cli/, one file a command, put the program together: only they import both
 * the adapters and the proxy.
 */
import { Command, CommanderError } from 'commander'
import { compareCommand } from './cli/compare.ts'
import { exportCommand } from './cli/export.ts'
import { EXIT_USAGE, UsageError } from './cli/flags.ts'
import { importCommand } from './cli/import.ts'
import { migrateCommand } from './cli/migrate/command.ts'
import { repairCommand } from './cli/repair.ts'
import { serveCommand } from './cli/serve.ts'
import { stayAlive } from './cli/stay-alive.ts'
import { versionLine } from './cli/version.ts'
import { isKeeperError, StoreError } from './lib/index.ts'

const withoutValue = (text: string) => text.replace(/(unknown option '-[^'=]*)=.*'/s, "$1'")

const program = new Command('anykeeper')
  .description('ZooKeeper, on etcd')
  .exitOverride()
  .version(
    versionLine(),
    '--version',
    'print the versions of this package and of ZooKeeper, and exit',
  )
  // An unknown flag is shown without its value: a mistyped name may stand before a secret.
  .configureOutput({ outputError: (text, write) => write(withoutValue(text)) })
const commands = [
  serveCommand(),
  exportCommand(),
  importCommand(),
  repairCommand(),
  compareCommand(),
  migrateCommand(),
]
for (const command of commands) {
  program.addCommand(command.exitOverride().copyInheritedSettings(program))
  for (const part of command.commands) part.exitOverride().copyInheritedSettings(program)
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
  process.stderr.write(`error: ${text}\n`)
  process.exit(usage ? EXIT_USAGE : 1)
}
