/** The events of a watch as an async iterable, bounded for a slow reader. Neighbours: zookeeper, watches. */
import { onAbort } from '../base/on-abort.ts'
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import { EVENT } from '../model/request.ts'
import {
  badArgument,
  checkBoolean,
  checked,
  checkOptions,
  checkPath,
  checkSignal,
  checkWhole,
  checkWord,
} from './arguments.ts'
import type { ClientState, StateListener } from './client-options.ts'
import type { WatchCallback, WatchEvent, WatchMode } from './watches.ts'

/** Events that a loop may be behind. */
const EVENTS_MAX = 1_024

/** What the iteration needs of its client. */
export interface WatchVerbs {
  readonly state: ClientState
  readonly isEnded: boolean
  readonly closing: AbortSignal
  onStateChange(listener: StateListener): () => void
  addWatch(path: string, watch: WatchCallback, mode?: WatchMode): Promise<void>
  removeWatch(path: string, watch: WatchCallback, mode?: WatchMode): Promise<void>
  with(options: { readonly signal: AbortSignal }): WatchVerbs
}

/** Options of {@link ZooKeeper.watch}. */
export interface WatchStreamOptions {
  /** All below the path, too. @default false: the znode's data, and the names of its children */
  readonly recursive?: boolean
  /** Aborted: the loop ends with its reason. */
  readonly signal?: AbortSignal
  /**
   * Events that the loop may be behind; beyond them all are dropped for one of type −1: read again. @default 1024
   */
  readonly eventsMax?: number
}

/** @throws {ZnodeError} ZK_BAD_ARGUMENTS */
export function checkWatchMode(mode: unknown): WatchMode {
  if (mode === undefined) return 'persistent-recursive'
  return checkWord(mode, ['persistent', 'persistent-recursive'] as const, 'mode')
}

/** See {@link ZooKeeper.watch}. `renews`: of the client. The arguments are checked with the first step. */
export async function* watchEvents(
  client: WatchVerbs,
  path: string,
  options: WatchStreamOptions,
  renews: boolean,
): AsyncGenerator<WatchEvent, void, undefined> {
  const { mode, signal, eventsMax } = checked(() => {
    const given = checkOptions(options, ['recursive', 'signal', 'eventsMax'] as const)
    checkPath(path)
    const isRecursive = checkBoolean(given.recursive, 'recursive')
    const max =
      given.eventsMax === undefined ? EVENTS_MAX : checkWhole(given.eventsMax, 'eventsMax')
    if (max === 0) throw badArgument('eventsMax must be at least 1')
    const known: WatchMode = isRecursive ? 'persistent-recursive' : 'persistent'
    return { mode: known, signal: checkSignal(given.signal), eventsMax: max }
  })
  signal?.throwIfAborted()
  let events: WatchEvent[] = []
  let wake = (): void => {}
  const watch: WatchCallback = (event) => {
    if (events.length >= eventsMax) events = [{ type: EVENT.None, path }]
    else events.push(event)
    wake()
  }
  const ended = (): void => wake()
  const isClosed = (): boolean => client.state === 'closed' || client.closing.aborted
  const cancel = client.onStateChange(ended)
  const forget = signal === undefined ? undefined : onAbort(signal, ended)
  try {
    // What happens while it is set is in the state that is read behind it.
    await (signal === undefined ? client : client.with({ signal })).addWatch(path, watch, mode)
    events.unshift({ type: EVENT.None, path })
    for (;;) {
      signal?.throwIfAborted()
      const some = events
      events = []
      for (const event of some) {
        yield event
        signal?.throwIfAborted()
        if (isClosed()) return
      }
      if (some.length > 0) continue
      if (isClosed()) return
      // By the local clock it may have ended, and no server may ever say so.
      const isLost = client.state === 'lost' && !renews
      if (isLost || client.isEnded) throw new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno, path)
      await new Promise<void>((resolve) => {
        wake = resolve
        if (events.length > 0 || isClosed() || signal?.aborted === true) resolve()
      })
    }
  } finally {
    cancel()
    forget?.()
    void client.removeWatch(path, watch, mode)
  }
}
