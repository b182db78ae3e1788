/** `anykeeper import --from-zookeeper`: a stopped ZooKeeper’s files into a store. Neighbours: import, zookeeper-folder. */
import { readZookeeper, type ZookeeperRestore } from '../lib/index.ts'
import { say } from './copy.ts'
import { UsageError } from './flags.ts'
import { zookeeperFolder } from './zookeeper-folder.ts'

export interface FromZookeeperFlags {
  readonly fromZookeeper?: string
  readonly logDir?: string
  readonly snapshotOnly?: true
  readonly zookeeperTtl?: true
  readonly ignoreDigest?: true
}

/** Reads all of it, and says what there is to be known. */
export async function readFolders(
  folder: string,
  flags: FromZookeeperFlags,
): Promise<ZookeeperRestore> {
  const { logDir, snapshotOnly = false, zookeeperTtl, ignoreDigest } = flags
  const snapshots = zookeeperFolder(folder)
  const logs = snapshotOnly ? undefined : logDir === undefined ? snapshots : zookeeperFolder(logDir)
  const restore = await readZookeeper({
    ...{ snapshots, logs },
    withTtl: zookeeperTtl === true,
    ignoreDigest: ignoreDigest === true,
  })
  for (const note of restore.notes) say(`note: ${note}`)
  for (const note of notesOn(restore)) say(`note: ${note}`)
  const { snapshot, transactions, digestsVerified } = restore
  say(
    `read ${snapshot} and ${transactions} transactions behind it` +
      (digestsVerified > 0 ? `; ${digestsVerified} digests of ZooKeeper are right` : ''),
  )
  return restore
}

function notesOn({ findings }: ZookeeperRestore): string[] {
  const { deadEphemerals, configEmptied, keeperZnodes, ttls, hasQuotas } = findings
  const notes: string[] = []
  if (deadEphemerals > 0) {
    notes.push(
      `${deadEphemerals} ephemerals belong to sessions that are not there: left out, as ZooKeeper deletes them when it starts`,
    )
  }
  if (configEmptied) {
    notes.push('/zookeeper/config is left empty: it names the servers of the ensemble')
  }
  if (keeperZnodes > 0) {
    notes.push(`/keeper is left out: it is ClickHouse Keeper’s own (${keeperZnodes} znodes)`)
  }
  if (ttls > 0) notes.push(`${ttls} znodes have a TTL`)
  if (hasQuotas) notes.push('quotas are taken; their usage is counted again')
  return notes
}

/** @throws {UsageError} flags of ZooKeeper’s files without the files */
export function checkZookeeperFlags(flags: FromZookeeperFlags): void {
  if (flags.fromZookeeper !== undefined) return
  const given = [
    flags.logDir === undefined ? '' : '--log-dir',
    flags.snapshotOnly === undefined ? '' : '--snapshot-only',
    flags.zookeeperTtl === undefined ? '' : '--zookeeper-ttl',
    flags.ignoreDigest === undefined ? '' : '--ignore-digest',
  ].find((name) => name !== '')
  if (given !== undefined) throw new UsageError(`${given} goes with --from-zookeeper`)
}
