/** `anykeeper migrate finish` and `abandon`: the two ends of a migration, without a way back and without a way on. */
import { Command } from 'commander'
import { abandonMigration, finishMigration } from '../../lib/internal.ts'
import { say } from '../copy.ts'
import { prefixFlag, withStoreFlags } from '../flags.ts'
import { stayAlive } from '../stay-alive.ts'
import { type BoundFlags, storeBoundOf, withBoundFlags } from './bound-flags.ts'
import {
  commanded,
  exitCodesText,
  inMs,
  limitOf,
  withLimitedStore,
  withTimeout,
} from './commanded.ts'

interface Flags extends BoundFlags {
  readonly store: string
  readonly prefix: string
  readonly timeout: number
}

const CODES = exitCodesText('ok', 'error', 'usage', 'noRights', 'noServer', 'conflict', 'unknown')

export function finishCommand(): Command {
  return withBoundFlags(withTimeout(withStoreFlags(new Command('finish'), 'finish in this store')))
    .summary('end the way back to the ensemble')
    .description(
      'End the way back to the ensemble after a take-over: new sessions get random passwords again, and its servers are not ' +
        'looked for any more.',
    )
    .addOption(prefixFlag())
    .allowExcessArguments(false)
    .addHelpText('after', `\n${CODES}`)
    .action(commanded(true, finish))
}

async function finish(flags: Flags): Promise<void> {
  const { store: url, prefix, timeout } = flags
  const isNew = await withLimitedStore(url, limitOf(timeout), (store) =>
    finishMigration({ store, prefix, timeoutMs: inMs(timeout), ...storeBoundOf(flags) }),
  )
  say(isNew ? `the migration of ${prefix} is finished` : `it was finished before: ${prefix}`)
}

export function abandonCommand(): Command {
  return withBoundFlags(
    withTimeout(withStoreFlags(new Command('abandon'), 'remove from this store')),
  )
    .summary('remove the tree that follows an ensemble')
    .description(
      'Remove the tree that follows a ZooKeeper ensemble, and forget the migration. The ensemble is as it was. After a ' +
        'take-over nothing is removed.',
    )
    .addOption(prefixFlag())
    .allowExcessArguments(false)
    .addHelpText('after', `\n${CODES}`)
    .action(commanded(true, abandon))
}

async function abandon(flags: Flags): Promise<void> {
  const { store: url, prefix, timeout } = flags
  const release = stayAlive()
  try {
    await withLimitedStore(url, limitOf(timeout), (store) =>
      abandonMigration({ store, prefix, timeoutMs: inMs(timeout), ...storeBoundOf(flags) }),
    )
    say(`the migration into ${prefix} is abandoned: its tree is removed`)
  } finally {
    release()
  }
}
