/** A verb as a command of the process: opens its target, runs it, closes, and ends with its exit code. Neighbour: verb. */
import type { Command } from 'commander'
import { explained } from './chroot.ts'
import { addConnectionFlags, type ConnectionFlags } from './connection-flags.ts'
import { exitCodeOf, isReaderGone } from './exit-codes.ts'
import { sayUnanswered } from './how-far.ts'
import { endedSoon, Interrupt } from './interrupt.ts'
import { Output } from './output.ts'
import { connectionOf, openTarget, sessionlessTarget } from './target.ts'
import { commandOf, type Flags, type Run, type Verb } from './verb.ts'

/** `parent`: the words before its name. */
export function oneShot(verb: Verb, parent = ''): Command {
  const command = addConnectionFlags(commandOf(verb, `anykeeper ${parent}`))
  const arity = verb.arguments?.length ?? 0
  return command.action(async (...given: unknown[]) => {
    // Of an argument that may be repeated there is a list.
    const args = given
      .slice(0, arity)
      .flat()
      .filter((one) => one !== undefined) as string[]
    process.exitCode = await runOnce(verb, args, command.opts<ConnectionFlags & Flags>())
  })
}

async function runOnce(
  verb: Verb,
  args: readonly string[],
  flags: ConnectionFlags & Flags,
): Promise<number> {
  // Its files are read while no signal is handled: a FIFO holds the thread.
  const connection = connectionOf(flags, verb.isSessionless)
  const interrupt = new Interrupt()
  const { signal } = interrupt
  const output = new Output({ isJson: flags.json === true, signal })
  // The reader that ended is noticed where something is written.
  process.stdout.on('error', () => {})
  try {
    const known = verb.isSessionless === true ? sessionlessTarget(connection) : undefined
    const target =
      known ?? (await openTarget(connection, { signal, mustExist: verb.isWrite !== true }))
    const run: Run = {
      target,
      get client() {
        return target.client.with({ timeoutMs: flags.timeout, signal })
      },
      output,
      signal,
      resolve: (path) => (path === '' ? '/' : path),
    }
    try {
      const code = await verb.run(run, args, flags)
      await output.flush()
      return code ?? 0
    } catch (error) {
      if (verb.isWrite === true && signal.aborted) sayUnanswered(run)
      throw await explained(target, error, signal)
    } finally {
      await endedSoon(target.close(), signal)
    }
  } catch (error) {
    await output.flush().catch(() => {})
    if (signal.aborted && error === signal.reason) return interrupt.exitCode
    if (isReaderGone(error)) return 1
    output.say(`error: ${error instanceof Error ? error.message : String(error)}`)
    return exitCodeOf(error, verb.isWrite === true)
  } finally {
    interrupt.end()
  }
}
