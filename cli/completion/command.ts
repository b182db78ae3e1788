/** `anykeeper completion`: a script for a shell, made of the commands and their flags. Neighbours: model, bash, zsh, fish. */
import { Argument, Command } from 'commander'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { modelOf } from './model.ts'
import { zshScript } from './zsh.ts'

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

const HELP = `Examples:
  eval "$(anykeeper completion bash)"                                  in ~/.bashrc
  eval "$(anykeeper completion zsh)"                                   in ~/.zshrc, behind compinit
  anykeeper completion fish > ~/.config/fish/completions/anykeeper.fish`

export function completionCommand(): Command {
  const command = new Command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description('Print a script that has a shell complete the commands and flags of anykeeper.')
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SCRIPTS)))
    .allowExcessArguments(false)
    .addHelpText('after', `\n${HELP}`)
  return command.action((shell: keyof typeof SCRIPTS) => {
    process.stdout.write(SCRIPTS[shell](modelOf(command.parent ?? command)))
  })
}
