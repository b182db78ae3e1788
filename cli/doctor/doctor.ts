/** `anykeeper doctor`: examines what is there, and changes nothing. One file a subcommand. */
import { Command } from 'commander'
import { kafkaCommand } from './kafka.ts'

export function doctorCommand(): Command {
  const doctor = new Command('doctor').description('examine what is there, and change nothing')
  for (const command of [kafkaCommand()]) doctor.addCommand(command)
  return doctor
}
