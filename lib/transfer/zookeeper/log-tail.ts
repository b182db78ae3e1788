/**
 * What the logs of a stopped server have behind a zxid: what it confirmed last, and a follower may not have got any more.
 * Line: data-files → log-decoder → here → lib/migrate.
 */
import { CopyError, WireError } from '../../model/errors.ts'
import { ByteSource } from './byte-source.ts'
import { logsBehind, type ZookeeperFolder } from './data-files.ts'
import { readLog, readLogHeader } from './log-decoder.ts'
import { gapBetween } from './log-gap.ts'
import type { Txn } from './txn.ts'

/**
 * In order, without a gap; none if there is nothing behind it. A record that was not written to its end was confirmed to nobody.
 * @throws {CopyError} COPY_NOT_FOUND: no logs; COPY_MALFORMED: damage, or a gap
 */
export async function* logTail(folder: ZookeeperFolder, zxid: number): AsyncGenerator<Txn> {
  const files = logsBehind(await folder.list(), zxid)
  if (files.length === 0) {
    throw new CopyError('COPY_NOT_FOUND', `there is no transaction log in ${folder.name}`)
  }
  let before = zxid
  for (const { name } of files) {
    const source = new ByteSource(folder.open(name))
    try {
      if ((await readLogHeader(source)) === undefined) continue
      for await (const { txn, offset } of readLog(source)) {
        if (txn.zxid <= before) continue
        const gap = gapBetween(before, txn.zxid)
        if (gap !== undefined) throw source.problem(gap, offset)
        before = txn.zxid
        yield txn
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      throw new CopyError('COPY_MALFORMED', `${folder.name}/${name}: ${error.message}`)
    } finally {
      await source.close()
    }
  }
}
