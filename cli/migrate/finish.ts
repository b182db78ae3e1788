/** `anykeeper migrate finish` and `abandon`: the two ends of a migration, without a way back and without a way on. */
import { Command } from 'commander'
import { abandonMigration, finishMigration } from '../../lib/internal.ts'
import { say, withStore } from '../copy.ts'
import { lastingStoreFlag, prefixFlag } from '../flags.ts'
import { stayAlive } from '../stay-alive.ts'

interface Flags {
  readonly store: string
  readonly prefix: string
}

export function finishCommand(): Command {
  return new Command('finish')
    .summary('end the way back to the ensemble')
    .description(
      'End the way back to the ensemble after a take-over: new sessions get random passwords again, and its servers are not ' +
        'looked for any more.',
    )
    .addOption(lastingStoreFlag('finish in this store'))
    .addOption(prefixFlag())
    .allowExcessArguments(false)
    .action(finish)
}

async function finish({ store: url, prefix }: Flags): Promise<void> {
  const isNew = await withStore(url, { create: false }, (store) =>
    finishMigration({ store, prefix }),
  )
  say(isNew ? `the migration of ${prefix} is finished` : `it was finished before: ${prefix}`)
}

export function abandonCommand(): Command {
  return new Command('abandon')
    .summary('remove the tree that follows an ensemble')
    .description(
      'Remove the tree that follows a ZooKeeper ensemble, and forget the migration. The ensemble is as it was. After a ' +
        'take-over nothing is removed.',
    )
    .addOption(lastingStoreFlag('remove from this store'))
    .addOption(prefixFlag())
    .allowExcessArguments(false)
    .action(abandon)
}

async function abandon({ store: url, prefix }: Flags): Promise<void> {
  const release = stayAlive()
  try {
    await withStore(url, { create: false }, (store) => abandonMigration({ store, prefix }))
    say(`the migration into ${prefix} is abandoned: its tree is removed`)
  } finally {
    release()
  }
}
