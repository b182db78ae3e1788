/** `anykeeper migrate status`: how far a migration is, and what comes next. Writes nothing. */
import { Command } from 'commander'
import { type MigrationStatus, migrationStatus } from '../../lib/internal.ts'
import { prefixFlag, withStoreFlags } from '../flags.ts'
import { printableJson, printableText } from '../znode/printable.ts'
import { type BoundFlags, storeBoundOf, withBoundFlags } from './bound-flags.ts'
import { commanded, exitCodesText, limitOf, withLimitedStore, withTimeout } from './commanded.ts'

interface StatusFlags extends BoundFlags {
  readonly store: string
  readonly prefix: string
  readonly json?: true
  readonly timeout: number
}

const CODES = exitCodesText('ok', 'error', 'usage', 'noRights', 'noServer')

export function statusCommand(): Command {
  return withBoundFlags(withTimeout(withStoreFlags(new Command('status'), 'look into this store')))
    .summary('say how far a migration is')
    .description('Say how far the migration of a running ZooKeeper ensemble is. Writes nothing.')
    .addOption(prefixFlag())
    .option('--json', 'print it as one JSON object')
    .allowExcessArguments(false)
    .addHelpText('after', `\n${CODES}`)
    .action(commanded(false, status))
}

async function status(flags: StatusFlags): Promise<void> {
  const { store: url, prefix, json, timeout } = flags
  const limit = limitOf(timeout)
  const found = await withLimitedStore(url, limit, (store) =>
    limit.step({ doing: 'the store was read' }, () =>
      migrationStatus({ store, prefix, ...storeBoundOf(flags) }),
    ),
  )
  process.stdout.write(
    json === true ? `${printableJson(JSON.stringify(found))}\n` : printableText(shown(found)),
  )
}

function shown({ sentence, record, sessions }: MigrationStatus): string {
  if (record === undefined) return `${sentence}\n`
  const { phase, servers, leader, holder, zxid, received, lagMs, digest, resyncs } = record
  const { currentMs, why, counters } = record
  const rows: readonly (readonly [string, string | number])[] = [
    ['phase', phase],
    ['source', servers.join(',')],
    ['leader', leader === '' ? 'not connected' : leader],
    ['holder', holder === '' ? 'nobody' : holder],
    ['zxid', `0x${zxid.toString(16)}`],
    ['received', `0x${received.toString(16)}`],
    ['lag', `${lagMs} ms`],
    ['digest', digest],
    ['resyncs', resyncs],
    ['sessions', sessions],
    ['current', currentMs === undefined ? 'never said' : new Date(currentMs).toISOString()],
    ...(why === undefined ? [] : [['break', why] as const]),
    ...Object.entries(counters ?? {}),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, value]) => `${name.padEnd(width)} ${value}\n`)
  return `${lines.join('')}${sentence}\n`
}
