/** `anykeeper shell`: at a terminal a prompt, otherwise the lines of stdin. Neighbours: prompt, script. */
import { Command, Option } from 'commander'
import { addConnectionFlags, type ConnectionFlags } from '../znode/connection-flags.ts'
import { EXIT, EXIT_CODES, exitCodeOf, isReaderGone } from '../znode/exit-codes.ts'
import { Interrupt } from '../znode/interrupt.ts'
import { Output } from '../znode/output.ts'
import { connectionOf } from '../znode/target.ts'
import { Interpreter } from './interpreter.ts'
import { runPrompt } from './prompt.ts'
import { runScript } from './script.ts'

interface ShellFlags extends ConnectionFlags {
  readonly keepGoing?: true
}

const EXAMPLES = `Examples:
  anykeeper shell --server zk1:2181,zk2:2181
  echo 'ls /' | anykeeper shell
  anykeeper shell --keep-going < commands.txt`

export function shellCommand(): Command {
  const command = new Command('shell')
    .summary('run commands on one session, with completion of paths')
    .description(
      "Run commands on one session: ls, get, set, create and the other words of ZooKeeper's zkCli; help lists them. At a terminal " +
        'with editing, history and completion by the Tab key; otherwise the lines of stdin, up to the first that fails.',
    )
    .addOption(new Option('--keep-going', 'of stdin: run the other lines after one that failed'))
    .allowExcessArguments(false)
    .addHelpText('after', `\n${EXAMPLES}\n\n${EXIT_CODES}`)
  return addConnectionFlags(command).action(async (flags: ShellFlags) => {
    process.exitCode = await runShell(flags)
  })
}

async function runShell(flags: ShellFlags): Promise<number> {
  // As in every command: while no signal is handled.
  const connection = connectionOf(flags)
  const interrupt = new Interrupt()
  const { signal } = interrupt
  const output = new Output({ isJson: flags.json === true, signal })
  process.stdout.on('error', () => {})
  try {
    const interpreter = await Interpreter.open(connection, output, signal)
    try {
      if (process.stdin.isTTY) {
        await runPrompt(interpreter, signal)
        return signal.aborted ? interrupt.exitCode : EXIT.ok
      }
      const code = await runScript(interpreter, {
        isKeptGoing: flags.keepGoing === true,
        output,
        signal,
      })
      return signal.aborted ? interrupt.exitCode : code
    } finally {
      await interpreter.close(signal)
    }
  } catch (error) {
    if (signal.aborted) return interrupt.exitCode
    if (isReaderGone(error)) return EXIT.error
    output.say(`error: ${error instanceof Error ? error.message : String(error)}`)
    return exitCodeOf(error, false)
  } finally {
    interrupt.end()
  }
}
