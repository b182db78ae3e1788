/**
 * The change feed as a client has it: its options checked, its paths below the client's root, its end that of the client.
 * Line: keeper.changes() or wire/wire-feed → here → zookeeper. Neighbours: client-session, transport.
 */
import type { ChangeRecord, ChangesOptions } from '../model/change.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import {
  checkBoolean,
  checked,
  checkOptions,
  checkPath,
  checkSignal,
  checkText,
} from './arguments.ts'
import type { Chroot } from './chroot.ts'
import type { Auth } from './client-options.ts'
import type { Transport } from './transport.ts'

const OPTION_NAMES = ['from', 'prefix', 'withoutData', 'withSessions', 'signal'] as const

export interface ChangesContext {
  readonly transport: Transport
  readonly chroot: Chroot
  /** Session timeout to request. Unit ms. */
  readonly timeoutMs: number
  /** Longest request that is sent. Unit bytes. */
  readonly requestBytesMax: number
  /** Proved by then. */
  readonly auths: () => readonly Auth[]
  /** Aborted: the client is closed, or its session lost for good. */
  readonly over: AbortSignal
}

/** See {@link ZooKeeper.changes}. The options are checked with the first step. */
export async function* clientChanges(
  { transport, chroot, over, ...identity }: ChangesContext,
  options: ChangesOptions,
): AsyncGenerator<ChangeRecord, undefined, undefined> {
  const { signal, prefix, ...wanted } = checked(() => {
    const given = checkOptions(options, OPTION_NAMES)
    return {
      from: given.from === undefined ? undefined : checkText(given.from, 'from', 'a position'),
      prefix: given.prefix === undefined ? '/' : checkPath(given.prefix),
      withoutData: checkBoolean(given.withoutData, 'withoutData'),
      withSessions: checkBoolean(given.withSessions, 'withSessions'),
      signal: checkSignal(given.signal),
    }
  })
  const stop = new AbortController()
  const abort = (): void => stop.abort()
  for (const one of [over, signal]) {
    one?.addEventListener('abort', abort)
    if (one?.aborted === true) abort()
  }
  try {
    const below = { ...wanted, prefix: chroot.toServer(prefix), signal: stop.signal }
    const records = transport.changes(below, identity)
    for await (const record of records) yield chroot.record(record)
  } finally {
    for (const one of [over, signal]) one?.removeEventListener('abort', abort)
    abort()
  }
  if (signal?.aborted !== true) throw new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno)
  return undefined
}
