/** `anykeeper migrate …`: a running ZooKeeper ensemble moved to a store, one file a command. */
import { Command } from 'commander'
import { checkCommand } from './check.ts'
import { verifyCommand } from './verify.ts'

export function migrateCommand(): Command {
  const command = new Command('migrate')
    .summary('move a running ZooKeeper ensemble')
    .description('Move a running ZooKeeper ensemble to a store, with its sessions.')
  for (const each of [checkCommand(), verifyCommand()]) command.addCommand(each)
  return command
}
