/** What a fault is, and what it may use. */
import type { AnykeeperBed } from './bed/anykeeper-bed.ts'
import type { ZookeeperBed } from './bed/zookeeper-bed.ts'
import type { Witness } from './checks/witness.ts'
import type { Load } from './load/load.ts'

/** Which servers a fault needs. Faults of one bed share it, if they leave it as they found it. */
export type BedName =
  | 'ordinary'
  | 'quick elections'
  | 'one etcd'
  | 'small quota'
  | 'small disk'
  | 'clock ahead'
  | 'clock behind'
  | 'history'
  | 'zookeeper'
  | 'zookeeper with links'

export interface FaultContext<B> {
  readonly bed: B
  readonly load: Load
  readonly witness: Witness
  readonly random: () => number
  /** The fault is over now: measured from here is how long it takes until all is well. */
  healed(): void
  /** What the servers rest on answered again at this time; performance.now(). */
  back(ms: number): void
  /** From here on the servers may show less than they had shown. */
  historyLost(): void
  /** One more figure for the table's last column. */
  note(text: string): void
}

export interface Goal {
  /** No write of anybody succeeds for at most so long. Unit: s. */
  readonly gapS?: number
  /** At most so long from `back` until a write succeeds. Unit: s. */
  readonly afterBackS?: number
  /** No read without sync shows a state older than that. Unit: s. */
  readonly staleS?: number
  /** No client is disconnected. */
  readonly noneDisconnected?: boolean
  /** No session is lost. */
  readonly noneLost?: boolean
  /** As the table says it. */
  readonly text: string
}

interface FaultOf<P, B> {
  readonly peer: P
  readonly name: string
  readonly bed: BedName
  readonly goal: Goal
  /** What the same was measured as on 750d23d, or on ZooKeeper 3.8, before there was this program. */
  readonly before?: string
  /** Why it cannot be done here, or undefined. */
  readonly missing?: () => string | undefined
  /** Before anything is measured; the clients get well again behind it. */
  readonly prepare?: (bed: B) => Promise<void>
  /** Injects and heals; resolves when the fault is over. */
  readonly run: (context: FaultContext<B>) => Promise<void>
  /** The history went back: the load that was is over, and what it remembers is not judged. */
  readonly losesHistory?: boolean
  /** Of those: what an operator does, where nothing is served until then. Adds notes. */
  readonly repair?: (bed: B, note: (text: string) => void) => Promise<void>
  /** Of those: nothing that a session saw is lost, so it may continue. */
  readonly sessionsMayContinue?: boolean
}

export type AnykeeperFault = FaultOf<'anykeeper', AnykeeperBed>
export type ZookeeperFault = FaultOf<'zookeeper', ZookeeperBed>
export type Fault = AnykeeperFault | ZookeeperFault
