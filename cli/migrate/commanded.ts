/**
 * What all commands of a migration have in common: a limit of their time, a store that is opened and closed within it, and exit
 * codes, which are those of all commands. Neighbours: znode/exit-codes, the commands.
 */
import { type Command, Option } from 'commander'
import { openStore } from '../../adapters/index.ts'
import { isKeeperError, type MetadataStore, systemClock } from '../../lib/index.ts'
import { TimeLimit } from '../../lib/internal.ts'
import { say } from '../copy.ts'
import { warningsOf } from '../flags.ts'
import { parsePositive } from '../settings/parse.ts'
import { CommandError, EXIT, exitCodeOf } from '../znode/exit-codes.ts'

const SECOND_MS = 1_000
/** Of `--timeout`. Unit: s. */
const TIMEOUT_S = 600
/** For closing a store, when all is done: what hangs then ends with the process, so nobody needs to set it. Unit: ms. */
const CLOSE_MS = 2_000

/** What a command of a migration may end with: the meanings are those of all commands. */
const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  error: 'another error',
  usage: 'bad usage',
  noZnode: 'there is no such znode',
  noRights: 'not permitted: a server or the store refused the credentials',
  noServer:
    'no server, no store, or no answer in time; nothing was changed, or it is resumed by running it again',
  conflict:
    'not as expected: the sentence says what stands in the way, and nothing was changed by it',
  unknown: 'no answer in time: it may have been done, or not. Run it again',
  found: 'something was found: what blocks a move, or trees that differ',
}

/** For the help of a command: those that it may end with. */
export function exitCodesText(...names: readonly (keyof typeof EXIT)[]): string {
  return `Exit codes:\n${names.map((name) => `  ${EXIT[name]}  ${MEANINGS[name]}`).join('\n')}`
}

/** Ends the command after so long, whatever it waits for. */
export function withTimeout(command: Command): Command {
  return command.addOption(
    new Option('--timeout <seconds>', 'give up after so long')
      .default(TIMEOUT_S)
      .argParser(parsePositive),
  )
}

/** The same in ms, from now on. */
export const limitOf = (seconds: number): TimeLimit =>
  new TimeLimit(systemClock, seconds * SECOND_MS)
export const inMs = (seconds: number): number => seconds * SECOND_MS

/**
 * The action of a command: errors end it with their exit code, and no handle that hangs keeps it from ending.
 * @param isWrite could it have changed anything?
 */
export function commanded<T>(
  isWrite: boolean,
  run: (flags: T) => Promise<void>,
): (flags: T) => Promise<void> {
  return async (flags) => {
    try {
      await run(flags)
    } catch (error) {
      const text = isKeeperError(error) || error instanceof Error ? error.message : String(error)
      throw new CommandError(exitCodeOf(error, isWrite), text)
    }
  }
}

/** Opens the store within the limit. Closing it is waited for, but not for ever: what hangs ends with the process. */
export async function withLimitedStore<T>(
  url: string,
  limit: TimeLimit,
  use: (store: MetadataStore) => Promise<T>,
): Promise<T> {
  const store = await limit.step({ doing: 'the store was opened' }, () =>
    openStore(url, { create: false }),
  )
  try {
    for (const warning of warningsOf(store)) say(`warning: ${warning}`)
    return await use(store)
  } finally {
    const closing = new TimeLimit(systemClock, CLOSE_MS)
    await closing.step({ doing: 'the store was closed' }, () => store.close()).catch(() => {})
  }
}
