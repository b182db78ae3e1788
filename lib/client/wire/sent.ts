/** What a connection has sent, and has no answer to. Neighbour: connection. */
import type { JuteReader } from '../../protocol/jute/reader.ts'

export interface Sent {
  readonly xid: number
  readonly op: number
  readonly tag: number
  readonly at: Moment
  /** Of its body. */
  readonly bytes: number
  /** Of what is no session's request. */
  readonly exchange?: Exchange
}

export interface Exchange {
  readonly reply: (errno: number, reader: JuteReader) => void
  readonly reject: (error: Error) => void
}

/** Both clocks: the monotonic one stands still while the machine is suspended, the wall clock may be set. Unit ms. */
export interface Moment {
  readonly monotonicMs: number
  readonly wallMs: number
}
