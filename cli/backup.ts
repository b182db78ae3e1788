/** `anykeeper backup`: a copy of a store in files, while a server uses it. Neighbour: export, for the other stores. */
import { Command } from 'commander'
import { backupFileStore } from '../adapters/index.ts'
import { say } from './copy.ts'
import { sayNow, whenCutShort } from './cut-short.ts'
import { checkNoServer, flag, UsageError } from './flags.ts'
import { showProgress } from './progress.ts'
import { shownBytes } from './znode/layout.ts'

interface BackupFlags {
  readonly store: string
}

const EXAMPLES = `Examples:
  anykeeper backup --store file:./data /backups/monday
  anykeeper serve --store file:/backups/monday

Exit codes:
  0  the copy is complete, checked, and on the disk
  1  there is none: what was begun is removed by the next backup into that folder
  2  bad usage`

const MIB = 1024 * 1024

export function backupCommand(): Command {
  return new Command('backup')
    .summary('copy a store in files while a server uses it')
    .description(
      'Copy a store in files into a folder that is not there yet, while a server uses it or not: one state of it, which is ' +
        'checked. The copy is a store: a server can be started on it. For etcd and Redis see anykeeper export.',
    )
    .addOption(
      flag('--store <url>', 'copy this store: file:<folder>', 'STORE').makeOptionMandatory(),
    )
    .argument('<folder>', 'of the copy')
    .allowExcessArguments(false)
    .addHelpText('after', `\n${EXAMPLES}`)
    .action(backup)
}

async function backup(folder: string, { store }: BackupFlags): Promise<void> {
  checkNoServer(store)
  if (!store.startsWith('file:')) {
    throw new UsageError('only a store in files can be copied: use anykeeper export for the others')
  }
  const forget = whenCutShort(() => sayNow(`interrupted: there is no copy in ${folder}`))
  const progress = await showProgress({ done: 'copied', unit: 'MiB' })
  const onProgress = (bytes: number, all: number): void =>
    progress.at(Math.floor(bytes / MIB), Math.ceil(all / MIB))
  try {
    const { bytes, records } = await backupFileStore(store, folder, {
      onProgress,
      onBegun: whenCutShort,
    })
    say(`copied ${records} records, ${shownBytes(bytes)}, to ${folder}`)
  } finally {
    progress.end()
    forget()
  }
}
