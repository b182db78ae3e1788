/**
 * One session on one connection: requests in, replies and events out, strictly in order (Z3, V5). A
 * read is answered immediately unless a write of this session is in flight; then it waits in line
 * behind it.
 * Line: record → here → read | plan.
 */

import type { Faults } from '../../base/faults.ts'
import { Fifo } from '../../base/fifo.ts'
import { isAllowed } from '../../model/acl.ts'
import type { DigestScheme } from '../../model/digest-scheme.ts'
import { type StoreError, ZK_ERRORS } from '../../model/errors.ts'
import {
  type Acl,
  type AuthId,
  type EventType,
  PERMS,
  type ReadRequest,
  type Result,
  type SyncRequest,
  type WriteRequest,
} from '../../model/request.ts'
import type { GroupCommitter } from '../commit/group-committer.ts'
import type { CommitTask } from '../commit/task.ts'
import type { Upstream } from '../commit/upstream.ts'
import type { Caller, Planned } from '../plan/planned.ts'
import type { ReadContext } from '../read/context.ts'
import { answerRead } from '../read/read.ts'
import type { Replica } from '../tree/replica.ts'
import type { WatchRegistry } from '../watch/watch-registry.ts'
import type { Watcher } from '../watch/watch-table.ts'
import type { WriteWitness } from './write-witness.ts'

/** Why a session left its connection. */
export type EndReason =
  /** The client closed it. */
  | 'closed'
  | 'expired'
  /** It continues on another connection, here or at another proxy. */
  | 'moved'
  /** The store is out of reach: nothing may be promised until it is back. */
  | 'suspended'
  /** This process is stopping; the session stays alive. */
  | 'stopping'

/** Where replies and events go: a connection, or the in-process client. What it throws ends the session's connection. */
export interface SessionSink {
  /** `tag` is what submit() was given (a connection's xid). errno 0: `result` holds the record. */
  reply(tag: number, request: SessionQuery, zxid: number, errno: number, result: Result): void
  event(type: EventType, path: string, zxid: number): void
  /** Nothing comes after it. */
  ended(reason: EndReason): void
  /**
   * Has its client shown since the last call that it is there, though nothing was received? It takes what
   * it was sent, or what it sends lies unread for reasons of the server's. Called about twice a second. Absent: no.
   */
  hasProgress?(): boolean
}

/** A request that a session answers in its line. */
export type SessionQuery = ReadRequest | WriteRequest | SyncRequest

const NOTHING: Result = { type: 'none' }

/** A write's place in the line. */
class Turn implements CommitTask {
  readonly session: Session
  readonly request: WriteRequest | SyncRequest
  readonly tag: number
  readonly caller: Caller
  submittedMs = 0

  constructor(session: Session, request: WriteRequest | SyncRequest, tag: number) {
    this.session = session
    this.request = request
    this.tag = tag
    // The ids as of now: a later auth packet has no effect on a request sent before it.
    this.caller = session.caller
  }
  get cxid(): number {
    return this.tag
  }
  committed(zxid: number, planned: Planned): void {
    this.session.turnDone(this, zxid, planned)
  }
  abandoned(_error: StoreError): void {
    this.session.turnLost(this)
  }
}

function seen(witness: WriteWitness, turn: Turn, outcome: Planned | 'unknown'): void {
  const { request, caller } = turn
  if (request.type !== 'sync') witness.written(caller, request, outcome)
}

interface WaitingRead {
  readonly request: ReadRequest
  readonly tag: number
  readonly caller: Caller
}

export interface SessionHost {
  readonly replica: Replica
  readonly watches: WatchRegistry
  readonly committer: GroupCommitter
  readonly digest: DigestScheme
  readonly faults: Faults
  readonly witness: WriteWitness | undefined
  /** Requests wait, until {@link Session.release}. */
  readonly isInDoubt: boolean
  /** New sessions can be taken back to the ZooKeeper that the tree came from. */
  readonly upkeep: { readonly source: { readonly hasWayBack: boolean } }
  /** While a ZooKeeper ensemble leads: who forwards to it. undefined: nobody does. */
  readonly upstream: Upstream | undefined
  /** Commits, or forwards. */
  submit(task: CommitTask): void
  /** Ends serving if the store was silent for too long. */
  checkStore(): void
  /** Reads which proxies are alive; {@link SessionManager.peersListed} is called with what it found. */
  listProxies(): void
}

/** One session on one connection. */
export class Session implements Watcher {
  readonly id: bigint
  readonly timeoutMs: number
  /** The proxy that owns it, and the fencing number of this connection. */
  owner: string
  fence: number
  readonly #host: SessionHost
  #sink: SessionSink | undefined
  #caller: Caller
  readonly #line = new Fifo<Turn | WaitingRead>()
  /** Asked in doubt, in order: not in the line yet. */
  #held: (Turn | WaitingRead)[] = []
  #closeRequested = false

  constructor(
    host: SessionHost,
    record: {
      readonly id: bigint
      readonly timeoutMs: number
      readonly owner: string
      readonly fence: number
    },
    sink: SessionSink,
    ids: readonly AuthId[],
  ) {
    this.#host = host
    this.id = record.id
    this.timeoutMs = record.timeoutMs
    this.owner = record.owner
    this.fence = record.fence
    this.#sink = sink
    this.#caller = { sessionId: record.id, ids }
  }

  get caller(): Caller {
    return this.#caller
  }
  /** Identities proven on this connection. */
  get ids(): readonly AuthId[] {
    return this.#caller.ids
  }
  /** No reply or event follows. */
  get isEnded(): boolean {
    return this.#sink === undefined
  }
  /** See {@link SessionSink.hasProgress}. */
  get hasProgress(): boolean {
    return this.#sink?.hasProgress?.() === true
  }
  /** The client sent closeSession. */
  get closeRequested(): boolean {
    return this.#closeRequested
  }
  /** Requests not answered yet. */
  get outstanding(): number {
    return this.#line.length + this.#held.length
  }
  get #isHeld(): boolean {
    return this.#held.length > 0 || this.#host.isInDoubt
  }

  /** Its member owns it now: see {@link SessionManager.claim}. */
  claimed({ owner, fence }: { readonly owner: string; readonly fence: number }): void {
    this.owner = owner
    this.fence = fence
  }

  /**
   * Adds an identity to this connection (A6). Unknown schemes are refused: AUTHFAILED. Takes effect for requests submitted later.
   */
  authenticate(scheme: string, auth: Uint8Array): boolean {
    if (scheme === 'ip') return true
    const added = scheme === 'digest' ? this.#host.digest.idsOf(auth) : undefined
    if (added === undefined) return false
    this.addIds(added)
    return true
  }

  /** Adds proven identities; those it has already are left out. */
  addIds(added: readonly AuthId[]): void {
    const { sessionId, ids } = this.#caller
    const fresh = added.filter(
      (a) => !ids.some((own) => own.scheme === a.scheme && own.id === a.id),
    )
    this.#caller = { sessionId, ids: [...ids, ...fresh] }
  }

  /** Answers `request` after all earlier ones. `tag` comes back with the reply. false: it waits. */
  read(request: ReadRequest, tag: number): boolean {
    if (this.#sink === undefined) return true
    const isHeld = this.#isHeld
    if (!isHeld && this.#line.length === 0) {
      this.#answer(request, tag, this.#caller)
      return true
    }
    const waiting = { request, tag, caller: this.#caller }
    if (isHeld) this.#held.push(waiting)
    else this.#line.push(waiting)
    return false
  }

  /** Commits `request` after all earlier ones. `tag` comes back with the reply. */
  write(request: WriteRequest | SyncRequest, tag: number): void {
    if (this.#sink === undefined) return
    if (request.type === 'closeSession') this.#closeRequested = true
    const turn = new Turn(this, request, tag)
    if (this.#isHeld) this.#held.push(turn)
    else this.#submit(turn)
  }

  #submit(turn: Turn): void {
    this.#line.push(turn)
    try {
      this.#host.submit(turn)
    } catch (error) {
      this.#broken(error, 'a write')
    }
  }

  /** The store was seen again: what was held is served. false: nothing was. */
  release(): boolean {
    const held = this.#held
    if (held.length === 0) return false
    this.#held = []
    for (const next of held) {
      if (this.#sink === undefined) break
      if (next instanceof Turn) this.#submit(next)
      else if (this.#line.length > 0) this.#line.push(next)
      else this.#answer(next.request, next.tag, next.caller)
    }
    return true
  }

  #answer(request: ReadRequest, tag: number, caller: Caller): void {
    const host = this.#host
    const context: ReadContext = {
      tree: host.replica.tree,
      watches: host.watches,
      watcher: this,
      sessionId: this.id,
      ids: caller.ids,
    }
    const planned = this.#readOf(context, request)
    const zxid = host.replica.zxid
    try {
      if (typeof planned === 'number') this.#sink?.reply(tag, request, zxid, planned, NOTHING)
      else this.#sink?.reply(tag, request, zxid, 0, planned)
    } catch (error) {
      this.#broken(error, 'a reply')
    }
  }

  /** A read that throws fails alone. Source: FinalRequestProcessor. */
  #readOf(context: ReadContext, request: ReadRequest): ReturnType<typeof answerRead> {
    try {
      return answerRead(context, request)
    } catch (error) {
      this.#host.faults.found(error, 'a read cannot be answered', { request: request.type })
      return ZK_ERRORS.MARSHALLING.errno
    }
  }

  /** A fault in what its client was to get: what comes after it would be out of order, so nothing does. */
  #broken(error: unknown, what: string): void {
    const fields = { session: `0x${this.id.toString(16)}` }
    this.#host.faults.found(error, `fault in ${what}: its client is disconnected`, fields)
    this.end('suspended')
  }

  /** A write is applied: answers it, then the reads behind it, which see exactly this state. Never throws. */
  turnDone(turn: Turn, zxid: number, planned: Planned): void {
    try {
      this.#done(turn, zxid, planned)
    } catch (error) {
      this.#broken(error, 'a reply')
    }
  }

  #done(turn: Turn, zxid: number, planned: Planned): void {
    const { witness } = this.#host
    // Its client may be gone, or its connection: it was done all the same.
    if (witness !== undefined) seen(witness, turn, planned)
    if (this.#sink === undefined) return
    if (this.#line.shift() !== turn) throw new Error('a session answered out of order')
    const { request, tag } = turn
    if (typeof planned === 'number') this.#sink.reply(tag, request, zxid, planned, NOTHING)
    else if (request.type === 'sync') {
      this.#sink.reply(tag, request, zxid, 0, { type: 'path', path: request.path })
    } else this.#sink.reply(tag, request, zxid, 0, planned)
    if (request.type === 'closeSession') return this.end('closed')
    for (;;) {
      const next = this.#line.first
      if (next === undefined || next instanceof Turn) return
      this.#line.shift()
      this.#answer(next.request, next.tag, next.caller)
    }
  }

  /** Nobody knows whether it was committed. Never throws. */
  turnLost(turn: Turn): void {
    const { witness, faults } = this.#host
    if (witness !== undefined) faults.run('a witness', () => seen(witness, turn, 'unknown'))
    this.end('suspended')
  }

  /** Notified only if it may read the znode (V10). */
  watchFired(
    type: EventType,
    path: string,
    acl: readonly Acl[],
    zxid = this.#host.replica.zxid,
  ): void {
    if (this.#sink === undefined || !isAllowed(acl, PERMS.READ, this.#caller.ids)) return
    try {
      this.#sink.event(type, path, zxid)
    } catch (error) {
      this.#broken(error, 'an event')
    }
  }

  /**
   * The connection and the session part: watches are deleted, later replies are dropped. The
   * session itself stays alive unless the journal says otherwise. Idempotent; never throws.
   */
  end(reason: EndReason): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#sink = undefined
    this.#held = []
    this.#host.watches.removeWatcher(this)
    this.#host.faults.run('the end of a connection', () => sink.ended(reason))
  }
}
