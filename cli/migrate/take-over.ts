/** `anykeeper migrate take-over`: the tree that followed an ensemble becomes the authority. */
import { Command } from 'commander'
import { type TakenOver, takeOver } from '../../lib/internal.ts'
import { say } from '../copy.ts'
import { logLevelFlag, prefixFlag, withStoreFlags } from '../flags.ts'
import { openOrderedLog } from '../logger.ts'
import { stayAlive } from '../stay-alive.ts'
import { zookeeperFolder } from '../zookeeper-folder.ts'
import { type BoundFlags, storeBoundOf, takeOverBoundsOf, withBoundFlags } from './bound-flags.ts'
import {
  commanded,
  exitCodesText,
  inMs,
  limitOf,
  withLimitedStore,
  withTimeout,
} from './commanded.ts'

interface TakeOverFlags extends BoundFlags {
  readonly store: string
  readonly prefix: string
  readonly sourceStays?: true
  readonly tail?: string
  readonly timeout: number
  readonly logLevel: string
}

const CODES = exitCodesText(
  'ok',
  'error',
  'usage',
  'noRights',
  'noServer',
  'conflict',
  'unknown',
  'found',
)

export function takeOverCommand(): Command {
  return withBoundFlags(
    withTimeout(withStoreFlags(new Command('take-over'), 'take over in this store')),
  )
    .summary('make the tree that followed the authority')
    .description(
      'Make the tree that followed a ZooKeeper ensemble the authority: stop all servers of the ensemble first. ' +
        'Proxies on the store serve its clients then, with their sessions. The way back stays open until anykeeper migrate finish.',
    )
    .addOption(prefixFlag())
    .option(
      '--source-stays',
      'take over also where servers of the ensemble still answer, or something may be missing',
    )
    .option(
      '--tail <dir>',
      'take what the logs of a stopped server have behind the tree: its dataDir or dataLogDir',
    )
    .addOption(logLevelFlag().default('warn'))
    .allowExcessArguments(false)
    .addHelpText('after', `\n${CODES}`)
    .action(commanded(true, run))
}

async function run(flags: TakeOverFlags): Promise<void> {
  const logger = openOrderedLog(flags.logLevel)
  const tail = flags.tail === undefined ? undefined : zookeeperFolder(flags.tail)
  const release = stayAlive()
  try {
    const taken = await withLimitedStore(flags.store, limitOf(flags.timeout), (store) =>
      takeOver({
        ...{
          store,
          prefix: flags.prefix,
          logger,
          ...takeOverBoundsOf(flags),
          ...storeBoundOf(flags),
        },
        sourceStays: flags.sourceStays === true,
        timeoutMs: inMs(flags.timeout),
        ...(tail && { tail }),
        onNote: (sentence) => say(`note: ${sentence}`),
      }),
    )
    say(shown(taken))
    if (taken.age !== '') say(`note: ${taken.age}`)
  } finally {
    release()
  }
}

function shown({ sourceZxid, zxid, znodes, sessions, fromTail, wasTaken }: TakenOver): string {
  const what = `${znodes} znodes, ${sessions} sessions`
  if (wasTaken) return `taken over before: ${what}`
  const logs = fromTail > 0 ? `, ${fromTail} transactions from the logs` : ''
  return `taken over: ${what}, the ensemble’s at zxid 0x${sourceZxid.toString(16)}${logs}, ours from 0x${zxid.toString(16)} on`
}
