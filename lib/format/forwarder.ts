/**
 * The record of a member that serves clients while ZooKeeper leads, <prefix>/f/<proxy>: what a take-over must wait for. It
 * counts only while that member lives, that is, while p/<proxy> is there. Neighbours: source, lib/migrate/serve.
 */
import { assertIntegers, assertStrings, FORMAT, parse } from './json.ts'

export interface ForwarderRecord {
  /** Sessions connected to it when this was written. */
  readonly sessions: number
  /** The freeze for which it has stopped, by the member that takes over: everything it had sent is answered. Empty: it forwards. */
  readonly freeze: string
  /** Newest zxid of the ensemble then; 0: it forwards, or had no leader. */
  readonly zxid: number
}

export function encodeForwarder(record: ForwarderRecord): Uint8Array {
  return Buffer.from(JSON.stringify({ f: FORMAT, ...record }))
}

/** @throws {StoreError} as decodeZnode */
export function decodeForwarder(value: Uint8Array): ForwarderRecord {
  const what = 'forwarder record'
  const { f: _, ...record } = parse<ForwarderRecord & { f: number }>(value, what)
  assertIntegers(what, record.sessions, record.zxid)
  assertStrings(what, record.freeze)
  return record
}
