/** What a load is. Neighbours: loads (their table), worker (runs one). */
import type { Fixture } from './fixture.ts'
import type { Link } from './link.ts'

/** Unless a load says otherwise. */
export const CONNECTIONS = 16
export const IN_FLIGHT = 16

/** Puts one request on a link. */
export type Source = (link: Link) => void

export interface Requests {
  readonly source: Source
  /** Everything it may have left behind below the parents, after its last reply. */
  readonly left?: () => Iterable<string>
  /** true: all of that is there for certain, so one multi can remove a whole portion. */
  readonly leftExactly?: boolean
}

interface Common {
  readonly about: string
  /** What is counted per second. */
  readonly unit: string
  readonly fixture: Fixture
  /** For the null server: bytes behind the reply's header, by opcode. Not named: none. */
  readonly replies: Readonly<Record<number, number>>
  /** Units to one operation as the load counts them. Default 1. */
  readonly unitsPerOperation?: number
}

export interface RequestsLoad extends Common {
  readonly kind: 'requests'
  readonly connections: number
  readonly inFlight: number
  /** Sessions that are open beside these and only send heartbeats. */
  readonly idle?: number
  /** Fresh parents are made below this, one for each connection. */
  readonly parentsBelow?: string
  readonly requests: (parents: readonly string[]) => Requests
  /** Of a good reply. Default 0. */
  readonly errno?: number
}

export interface SessionsLoad extends Common {
  readonly kind: 'sessions'
  readonly atATime: number
}

export interface WatchesLoad extends Common {
  readonly kind: 'watches'
  readonly watchers: number
  readonly path: string
}

export interface SetWatchesLoad extends Common {
  readonly kind: 'set-watches'
  readonly paths: () => readonly string[]
}

/** Sessions that send nothing but heartbeats. */
export interface HeartbeatsLoad extends Common {
  readonly kind: 'heartbeats'
  readonly sessions: number
}

/** Of etcd itself, for comparison. */
export interface EtcdLoad extends Common {
  readonly kind: 'etcd'
  readonly call: 'put' | 'txn'
  readonly valueBytes: number
}

export type Load =
  | RequestsLoad
  | SessionsLoad
  | WatchesLoad
  | SetWatchesLoad
  | HeartbeatsLoad
  | EtcdLoad

/** Bytes of what replies are made of. Source: zookeeper.jute. */
export const BYTES = {
  stat: 68,
  /** Length before a string or data. */
  length: 4,
  /** Type, done and error before each result of a multi, and once more at its end. */
  multiHeader: 9,
} as const

export const pathReply = (path: string): number => BYTES.length + Buffer.byteLength(path)
export const dataReply = (bytes: number): number => BYTES.length + bytes + BYTES.stat
export const childrenReply = (children: number, nameBytes: number): number =>
  BYTES.length + children * (BYTES.length + nameBytes) + BYTES.stat
