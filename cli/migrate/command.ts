/** `anykeeper migrate …`: a running ZooKeeper ensemble moved to a store, one file a command. */
import { Command } from 'commander'
import { checkCommand } from './check.ts'
import { abandonCommand, finishCommand } from './finish.ts'
import { followCommand } from './follow.ts'
import { statusCommand } from './status.ts'
import { takeOverCommand } from './take-over.ts'
import { verifyCommand } from './verify.ts'

export function migrateCommand(): Command {
  const command = new Command('migrate')
    .summary('move a running ZooKeeper ensemble')
    .description('Move a running ZooKeeper ensemble to a store, with its sessions.')
  const commands = [
    checkCommand(),
    followCommand(),
    statusCommand(),
    verifyCommand(),
    takeOverCommand(),
    finishCommand(),
    abandonCommand(),
  ]
  for (const each of commands) command.addCommand(each)
  return command
}
