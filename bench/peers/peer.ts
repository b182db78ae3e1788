/** One thing under load: what it is, where it listens, which processes are its cost. */
import type { Target } from '../load/link.ts'

export interface Peer {
  /** In tables. */
  readonly name: string
  readonly version: string
  /** Servers of one tree; connections are spread over them. */
  readonly targets: readonly Target[]
  /** Process name → pid. */
  readonly processes: Readonly<Record<string, number>>
  /** false: it has no znodes, and no four-letter words. */
  readonly hasTree: boolean
  /** The etcd below it. */
  readonly etcd?: Target
  stop(): Promise<void>
}

export interface PeerOptions {
  /** Unit MiB. */
  readonly zookeeperHeapMib: number
  /** Folder for CPU profiles of the proxies. undefined: none are taken. */
  readonly profileFolder: string | undefined
  /** Of another build; has dist/. undefined: there is no peer `base`. */
  readonly baseFolder: string | undefined
  /** A JVM that starts faster and runs slower. */
  readonly quick: boolean
}

/** zkServer.sh's default. Unit MiB. */
export const ZOOKEEPER_HEAP_MIB = 1_000
