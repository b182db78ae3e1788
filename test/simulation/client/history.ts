/**
 * What clients asked and what they were answered, with simulated times: all that the laws are checked
 * on, besides the store's log. Times are ms; two that are equal are taken for concurrent.
 */
import type { RawRecord } from '../../support/raw-codec.ts'
import { isWrite, type SimRequest, type WriteRequest } from './requests.ts'

export interface Reply {
  readonly atMs: number
  readonly zxid: number
  /** 0, or ZooKeeper's errno below zero. */
  readonly err: number
  readonly record: RawRecord
}

/** One request. Without a reply its outcome is unknown to the client. */
export interface Asked {
  readonly client: string
  readonly session: SessionHistory
  readonly connection: ConnectionHistory
  readonly xid: number
  readonly request: SimRequest
  readonly callMs: number
  /** Of a read that was sent right behind a sync: that one. */
  readonly behindSync: Asked | undefined
  reply: Reply | undefined
}

export interface SeenEvent {
  readonly kind: 'event'
  readonly atMs: number
  /** 1 created, 2 deleted, 3 data changed, 4 children changed. */
  readonly type: number
  readonly path: string
}

export type Entry = { readonly kind: 'reply'; readonly asked: Asked } | SeenEvent

/** All that one connection of a session said, in its order. */
export interface ConnectionHistory {
  readonly proxy: string
  readonly openedMs: number
  /** The id of the keeper that has it; undefined: there was none to take it. */
  keeper: string | undefined
  /** When the client had the answer to its ConnectRequest: by then the session was this connection's. */
  greetedMs: number
  readonly entries: Entry[]
  /** Asked on it, in order. */
  readonly asked: Asked[]
  /** The highest zxid that the session had seen before. */
  readonly seenBefore: number
  endedMs: number | undefined
  /** When the client left it because nothing came any more. */
  silentMs?: number
  /** When its bytes reached the proxy's machine; the ConnectRequest first. */
  readonly arrivedMs: number[]
}

export interface SessionHistory {
  readonly client: string
  readonly id: bigint
  readonly timeoutMs: number
  readonly connections: ConnectionHistory[]
  /** When the client asked for its end. */
  closeCalledMs: number | undefined
  /** When a server told the client that it is gone. */
  expiredMs: number | undefined
  /** When the last request was sent that was answered. */
  answeredSentMs: number
  /** When the client last sent anything. */
  sentMs: number
}

export interface History {
  readonly sessions: SessionHistory[]
  readonly asked: Asked[]
}

export type AskedWrite = Asked & { readonly request: WriteRequest }

export function isAskedWrite(asked: Asked): asked is AskedWrite {
  return isWrite(asked.request)
}

/** SYSTEMERROR: a full store did not take it. It has no place in the order, and its zxid is that of the state. */
const NO_SPACE = -1

export function isOutOfSpace({ reply }: Asked): boolean {
  return reply?.err === NO_SPACE
}
