/** How the verbs of a client reach its session, within the bounds of a handle. Neighbours: zookeeper, call-options. */
import { ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import type { Acl, Result } from '../model/request.ts'
import { checkCallback, checked, checkPath } from './arguments.ts'
import { askWithin, type KnownCallOptions, withinBounds } from './call-options.ts'
import { type CallTrace, captureTrace, withTrace } from './call-trace.ts'
import type { Auth } from './client-options.ts'
import type { ClientSession } from './client-session.ts'
import type { ClientRequest } from './transport.ts'
import { checkWatchMode } from './watch-stream.ts'
import type { WatchCallback, WatchKind, WatchMode } from './watches.ts'

/** What removes each. Source: Watcher.WatcherType. */
const WATCHER_TYPE = { persistent: 4, 'persistent-recursive': 5 } as const
/** What a server forgets together, by its WatcherType. */
const FORGOTTEN = [
  [1, ['child']],
  [2, ['data', 'exist']],
  [WATCHER_TYPE.persistent, ['persistent']],
  [WATCHER_TYPE['persistent-recursive'], ['persistent-recursive']],
] as const satisfies readonly (readonly [type: number, kinds: readonly WatchKind[]])[]
/** Of a server that has no such watch, or is too old to remove one: its events find nobody here. */
const FORGETTING_FAILS = ['ZK_NO_WATCHER', 'ZK_BAD_ARGUMENTS', 'ZK_UNIMPLEMENTED']

/** Which watches zkCli's word removes. */
export type RemovedWatches = 'children' | 'data' | 'any'
const REMOVED: Readonly<Record<RemovedWatches, readonly number[]>> = {
  children: [1],
  data: [2],
  any: FORGOTTEN.map(([type]) => type),
}

export class Caller {
  readonly session: ClientSession
  readonly #call: KnownCallOptions

  constructor(session: ClientSession, call: KnownCallOptions = {}) {
    this.session = session
    this.#call = call
  }

  /** Of what is created without one. */
  get acl(): readonly Acl[] {
    return this.#call.acl ?? this.session.options.acl
  }

  /** Aborted: its calls reject. */
  get signal(): AbortSignal | undefined {
    return this.#call.signal
  }

  get isBounded(): boolean {
    return this.#call.signal !== undefined || this.#call.timeoutMs !== undefined
  }

  /** The same without a time limit and a signal. */
  unbounded(): Caller {
    const { acl } = this.#call
    return new Caller(this.session, acl === undefined ? {} : { acl })
  }

  with(call: KnownCallOptions): Caller {
    return new Caller(this.session, { ...this.#call, ...call })
  }

  ask(
    request: ClientRequest,
    path: string | undefined,
    onReply?: (errno: number, trace: CallTrace) => void,
  ): Promise<Result> {
    return askWithin(this.session, this.#call, request, path, onReply)
  }

  /**
   * A write that is several requests, within the bounds of one call: `run` has a caller without any, and continues behind its end.
   * What it rejects with gets the stack of this call.
   */
  async whole<T>(
    path: string,
    run: (caller: Caller, until: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { session } = this
    const trace = captureTrace(this.whole)
    const call = this.#call
    const caller = this.unbounded()
    try {
      return await withinBounds({ session, call, path, isWriting: true, trace }, (until) =>
        run(caller, until),
      )
    } catch (error) {
      const isOwn = error instanceof ZnodeError && error !== call.signal?.reason
      throw isOwn ? withTrace(error, trace) : error
    }
  }

  /** Within the bounds of the call, as everything else; behind their end the identity may be proved all the same. */
  async authenticate(auth: Auth): Promise<void> {
    const { session } = this
    const trace = captureTrace(this.authenticate)
    const bounded = { session, call: this.#call, path: undefined, isWriting: true, trace }
    await (this.isBounded
      ? withinBounds(bounded, () => session.authenticate(auth))
      : session.authenticate(auth))
  }

  /** A watch is registered with the answer, before any event that comes after it; without one no stack is captured. */
  read(
    type: 'getData' | 'exists' | 'getChildren2',
    path: string,
    watch: WatchCallback | undefined,
  ): Promise<Result> {
    checkPath(path)
    checkCallback(watch, 'watch')
    const request = { type, path, watch: watch !== undefined } as const
    if (watch === undefined) return this.ask(request, path)
    const kind = type === 'getChildren2' ? 'child' : 'data'
    return this.ask(request, path, (errno, trace) => {
      const isMissing = type === 'exists' && errno === ZK_ERRORS.NO_NODE.errno
      const set: WatchKind | undefined = isMissing ? 'exist' : errno === 0 ? kind : undefined
      if (set !== undefined) this.session.watches.add(set, path, watch, trace)
    })
  }

  unwatch(path: string, watch: WatchCallback): void {
    this.session.watches.unwatch(path, watch)
  }

  async addWatch(path: string, watch: WatchCallback, mode?: WatchMode): Promise<void> {
    const known = checked(() => checkWatchMode(mode))
    checkCallback(watch, 'watch')
    const code = known === 'persistent' ? 0 : 1
    const request = { type: 'addWatch', path: checkPath(path), mode: code } as const
    const { watches } = this.session
    // Another one that is removed meanwhile must not take this one's place at the server with it.
    const arrived = watches.expect(known, path)
    let isAnswered = false
    try {
      await this.ask(request, path, (errno, trace) => {
        isAnswered = true
        if (errno === 0) watches.add(known, path, watch, trace)
      })
    } finally {
      arrived()
      // Given up: the server may set it nevertheless, for nobody.
      if (!isAnswered && !watches.isUsed(known, path)) void this.#forget(known, path)
    }
  }

  /**
   * Those that `watch` has at the path, by reads and, of `any`, by addWatch(). Source: ZooKeeper.removeAllWatches. `isLocal`: also
   * while no server can be reached to forget them.
   * @throws {ZnodeError} ZK_NO_WATCHER: there is none; ZK_CONNECTION_LOSS, ZK_OPERATION_TIMEOUT: it may be there still
   */
  async removeWatches(
    path: string,
    watch: WatchCallback,
    removed: RemovedWatches,
    isLocal: boolean,
  ): Promise<void> {
    const { session } = this
    checkPath(path)
    let isFound = false
    for (const [watcherType, kinds] of FORGOTTEN) {
      if (!REMOVED[removed].includes(watcherType)) continue
      const { isThere, hasOthers } = session.watches.holds(kinds, path, watch)
      if (!isThere) continue
      isFound = true
      if (!hasOthers && !(isLocal && session.state !== 'connected')) {
        await this.ask({ type: 'removeWatches', path, watcherType }, path).catch((error) => {
          const isHarmless = error instanceof ZnodeError && FORGETTING_FAILS.includes(error.code)
          if (!isHarmless && !isLocal) throw error
        })
      }
      for (const kind of kinds) session.watches.remove(kind, path, watch)
    }
    if (!isFound) throw new ZnodeError(ZK_ERRORS.NO_WATCHER.errno, path)
  }

  async removeWatch(path: string, watch: WatchCallback, mode?: WatchMode): Promise<void> {
    const known = checked(() => checkWatchMode(mode))
    if (this.session.watches.remove(known, checkPath(path), watch)) await this.#forget(known, path)
  }

  /** Whatever bounds this caller: the server's watch outlives them. Never rejects. */
  async #forget(mode: WatchMode, path: string): Promise<void> {
    const request = { type: 'removeWatches', path, watcherType: WATCHER_TYPE[mode] } as const
    // A server before 3.9 refuses it, and its events find nobody here.
    await this.session.ask(request, path).catch(() => {})
  }
}
