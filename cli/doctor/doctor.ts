/** `anykeeper doctor`: one command a patient; without a name it is the tree. Neighbours: tree, kafka. */
import { Command } from 'commander'
import { oneShot } from '../znode/one-shot.ts'
import { kafkaCommand } from './kafka.ts'
import { doctorTree } from './tree.ts'

export function doctorCommand(): Command {
  return new Command('doctor')
    .summary('examine a tree: sizes, and what is near to a limit')
    .description('Examine a tree, or what runs on it. Without a name of a command it is "tree".')
    .addCommand(oneShot({ ...doctorTree, name: 'tree' }, 'doctor '), { isDefault: true })
    .addCommand(kafkaCommand())
}
