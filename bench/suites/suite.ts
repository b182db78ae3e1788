/** What a suite is. Neighbours: suites (their table), main (runs one). */
import type { Options } from '../options.ts'
import { type PeerOptions, ZOOKEEPER_HEAP_MIB } from '../peers/peer.ts'

export interface Context {
  readonly options: Options
  /** Of the command line, to be shown in the results. */
  readonly args: readonly string[]
  /** One line of progress. */
  say(line: string): void
}

export interface Chart {
  /** Below docs/. */
  readonly file: string
  readonly svg: string
}

export interface Measurement {
  /** Markdown. */
  readonly text: string
  readonly charts?: readonly Chart[]
}

export interface Suite {
  /** One line of the help. */
  readonly about: string
  run(context: Context): Promise<Measurement>
}

/** @param heapMib of ZooKeeper's JVM unless the command line says otherwise. */
export const peerOptions = (
  { profileFolder, baseFolder, quick, zookeeperHeapMib }: Options,
  heapMib = ZOOKEEPER_HEAP_MIB,
): PeerOptions => ({
  profileFolder,
  baseFolder,
  quick,
  zookeeperHeapMib: zookeeperHeapMib ?? heapMib,
})
