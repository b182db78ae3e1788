/** `anykeeper migrate follow`: copies the tree of a running ensemble into a store, and follows it until it is taken over. */
import { hostname } from 'node:os'
import { Command } from 'commander'
import { followSource, openSourceFeed, type SourceRecord, shownServer } from '../../lib/internal.ts'
import { withStore } from '../copy.ts'
import { logLevelFlag, prefixFlag, withStoreFlags } from '../flags.ts'
import { openLog } from '../logger.ts'
import { showProgress } from '../progress.ts'
import { stayAlive } from '../stay-alive.ts'
import { type BoundFlags, mirrorBoundsOf, sourceBoundsOf, withBoundFlags } from './bound-flags.ts'
import { commanded, exitCodesText } from './commanded.ts'
import { type SourceFlags, sourceOptions, withSourceFlags } from './source-flags.ts'
import { StatusLine } from './status-line.ts'

interface FollowFlags extends SourceFlags, BoundFlags {
  readonly store: string
  readonly prefix: string
  readonly zookeeperTtl?: true
  readonly logLevel: string
}

const CODES = exitCodesText('ok', 'error', 'usage', 'noRights', 'noServer', 'conflict', 'found')

/** How long leaving may take, when a signal came. Killing it is harmless at any time, so nobody needs to set it. Unit: ms. */
const LEAVE_MS = 5_000

export function followCommand(): Command {
  return withBoundFlags(
    withSourceFlags(withStoreFlags(new Command('follow'), 'write to this store')),
  )
    .summary('copy a running ensemble into a store, and follow it')
    .description(
      'Copy the tree of a running ZooKeeper ensemble into an empty prefix of a store, and then commit each of its ' +
        'transactions there, until anykeeper migrate take-over. Resumable; of several processes one follows.',
    )
    .addOption(prefixFlag())
    .option(
      '--zookeeper-ttl',
      'the ensemble runs with extendedTypesEnabled and has a server of id 255',
    )
    .addOption(logLevelFlag())
    .allowExcessArguments(false)
    .addHelpText('after', `\n${CODES}`)
    .action(commanded(true, follow))
}

async function follow(flags: FollowFlags): Promise<void> {
  const logger = openLog(flags.logLevel, 'text')
  const source = { ...sourceOptions(flags), ...sourceBoundsOf(flags) }
  const leaving = new AbortController()
  const leave = (): void => {
    // A second one is not waited with.
    process.off('SIGTERM', leave)
    process.off('SIGINT', leave)
    leaving.abort()
    setTimeout(() => process.exit(0), LEAVE_MS).unref()
  }
  process.on('SIGTERM', leave)
  process.on('SIGINT', leave)
  const release = stayAlive()
  const line = new StatusLine(process.stderr)
  try {
    await withStore(flags.store, { create: true }, async (store) => {
      const progress = await showProgress({ done: 'copied' })
      const end = await followSource({
        ...{ store, prefix: flags.prefix, logger, signal: leaving.signal },
        servers: source.servers.map(shownServer),
        quorum: (source.quorum ?? []).map(shownServer),
        openFeed: (from, known) => openSourceFeed({ ...source, from, known, logger }),
        name: `${hostname()}/${process.pid}`,
        withTtl: flags.zookeeperTtl === true,
        bounds: mirrorBoundsOf(flags),
        onProgress: ({ znodes, znodesAll }) => {
          progress.at(znodes, znodesAll)
          if (znodes === znodesAll) progress.end()
        },
        onStatus: (record: SourceRecord) => line.show(record),
      }).finally(() => {
        progress.end()
        line.end()
      })
      if (end === 'over') logger.info({}, 'the tree is taken over: nothing is followed any more')
    })
  } finally {
    release()
  }
}
