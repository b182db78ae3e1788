/**
 * What the logs of a stopped server have behind a zxid: what it confirmed last, and a follower may not have got any more.
 * Line: data-files → log-decoder → here → lib/migrate.
 */
import { CopyError, WireError } from '../../model/errors.ts'
import { epochOf } from '../../model/zxid.ts'
import { ByteSource } from './byte-source.ts'
import { type DataFile, logsBehind, snapshotsIn, type ZookeeperFolder } from './data-files.ts'
import { readLog, readLogHeader } from './log-decoder.ts'
import { gapBetween, missingBetween } from './log-gap.ts'
import type { Txn } from './txn.ts'

/** What a reader of logs may want to look at. */
export interface LogTailOptions {
  /** Called with what stands in these logs at or before the zxid. `file`: its name. */
  readonly onKnown?: (txn: Txn, file: string) => void
  /**
   * Called before a transaction that begins a file and an epoch: that of `before` may have ended in a log that is missing, and
   * the counters do not show it.
   */
  readonly onNewEpoch?: (before: number, zxid: number, file: string) => void
}

/**
 * In order, without a gap; none if there is nothing behind it. A record that was not written to its end was confirmed to nobody.
 * Returns the newest zxid of the logs, which may be older than `zxid`; 0: they are empty.
 * @throws {CopyError} COPY_NOT_FOUND: no logs, or they cannot be read; COPY_MALFORMED: damage, or a gap
 */
export async function* logTail(
  folder: ZookeeperFolder,
  zxid: number,
  options: LogTailOptions = {},
): AsyncGenerator<Txn, number> {
  const names = await listed(folder)
  const files = logsBehind(names, zxid)
  if (files.length === 0) {
    throw new CopyError('COPY_NOT_FOUND', `there is no transaction log in ${folder.name}`)
  }
  const position = { before: zxid, newest: 0 }
  for (const file of files) {
    try {
      yield* tailOf(folder, file, snapshotsIn(names), position, options)
    } catch (error) {
      throw named(`${folder.name}/${file.name}`, error)
    }
  }
  return position.newest
}

/** Those of one file behind `position`, which moves. */
async function* tailOf(
  folder: ZookeeperFolder,
  { name }: DataFile,
  snapshots: readonly DataFile[],
  position: { before: number; newest: number },
  { onKnown, onNewEpoch }: LogTailOptions,
): AsyncGenerator<Txn> {
  const source = new ByteSource(folder.open(name))
  let previous: number | undefined
  try {
    if ((await readLogHeader(source)) === undefined) return
    for await (const { txn, offset } of readLog(source)) {
      const { before } = position
      position.newest = Math.max(position.newest, txn.zxid)
      if (txn.zxid <= before) onKnown?.(txn, name)
      else {
        const gap = gapBetween(before, txn.zxid) ?? missingBetween(before, txn.zxid, snapshots)
        if (gap !== undefined) throw source.problem(gap, offset)
        const isNewEpoch = epochOf(txn.zxid) > epochOf(before)
        if (isNewEpoch && previous !== before) onNewEpoch?.(before, txn.zxid, name)
        position.before = txn.zxid
        yield txn
      }
      previous = txn.zxid
    }
  } finally {
    await source.close()
  }
}

async function listed(folder: ZookeeperFolder): Promise<readonly string[]> {
  try {
    return await folder.list()
  } catch (error) {
    throw named(folder.name, error)
  }
}

/** Damage, and what the operating system refuses, with the file in question. */
function named(name: string, error: unknown): unknown {
  if (error instanceof WireError) {
    return new CopyError('COPY_MALFORMED', `${name}: ${error.message}`)
  }
  const { code, message } = error as NodeJS.ErrnoException
  const isOfSystem = error instanceof Error && 'syscall' in error && code !== undefined
  return isOfSystem ? new CopyError('COPY_NOT_FOUND', `${name} cannot be read: ${message}`) : error
}
