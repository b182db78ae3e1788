/** Which files of ZooKeeper’s folders hold a tree: names, order. Pure. Source: FileSnap, FileTxnLog, Util. */
import type { ByteChunks } from './byte-source.ts'

/** A folder of a stopped server: version-2 of its dataDir or dataLogDir. */
export interface ZookeeperFolder {
  /** For messages. */
  readonly name: string
  /** Names of the files in it. */
  list(): Promise<readonly string[]>
  /** Bytes of one of them, cut anywhere. May be called more than once. */
  open(name: string): ByteChunks
}

/** How the bytes of a snapshot are packed. */
export type Packing = 'plain' | 'gzip' | 'snappy'

export interface DataFile {
  readonly name: string
  /** Of a snapshot: newest when it was begun. Of a log: its first one. */
  readonly zxid: number
  readonly packing: Packing
}

const SNAPSHOT = /^snapshot\.([0-9a-f]{1,16})(\.gz|\.snappy)?$/
const LOG = /^log\.([0-9a-f]{1,16})$/

/** The newest first. */
export function snapshotsIn(names: readonly string[]): DataFile[] {
  return filesIn(names, SNAPSHOT).reverse()
}

/** Those that may have transactions behind `zxid`, the oldest first. */
export function logsBehind(names: readonly string[], zxid: number): DataFile[] {
  const logs = filesIn(names, LOG)
  // The last one that begins before it may have some behind it.
  const first = logs.findLastIndex((log) => log.zxid <= zxid + 1)
  return logs.slice(Math.max(first, 0))
}

function filesIn(names: readonly string[], pattern: RegExp): DataFile[] {
  return names
    .flatMap((name): DataFile[] => {
      const match = pattern.exec(name)
      if (match === null) return []
      const packing = match[2] === '.gz' ? 'gzip' : match[2] === '.snappy' ? 'snappy' : 'plain'
      return [{ name, zxid: Number.parseInt(match[1] as string, 16), packing }]
    })
    .sort((a, b) => a.zxid - b.zxid)
}
