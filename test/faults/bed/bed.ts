/** What load and checks need of the system under test. */
import type { Child } from '../../support/child.ts'

export interface Bed {
  readonly peer: 'anykeeper' | 'zookeeper'
  /** What serves clients: three proxies, or three ZooKeeper members. */
  readonly servers: readonly BedServer[]
  /** Ports of the links in front of the servers: clients connect here. */
  readonly clientPorts: readonly number[]
  /** The newest lines of every process, for the report of a violation. */
  outputs(): Record<string, string>
  stop(): Promise<void>
}

export interface BedServer {
  readonly port: number
  readonly child: Child
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGTERM. */
  end(): Promise<void>
  /** Starts it again on the same port, and waits until it serves. */
  start(): Promise<void>
}
