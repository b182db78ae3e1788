/**
 * One session on one connection: requests in, replies and events out, strictly in order (Z3, V5).
 * Reads are answered at once unless a write of this session is still on its way; then they wait in
 * line behind it. Line: record → here → read | plan.
 */

import { digestOf, isAllowed, SUPER_ID } from '../../model/acl.ts'
import type { StoreError } from '../../model/errors.ts'
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
import type { Asker, Planned } from '../plan/planned.ts'
import type { ReadContext } from '../read/context.ts'
import { answerRead } from '../read/read.ts'
import type { Replica } from '../tree/replica.ts'
import type { WatchRegistry } from '../watch/watch-registry.ts'
import type { Watcher } from '../watch/watch-table.ts'

/** Why a session left its connection. */
export type EndReason =
  /** The client asked for it. */
  | 'closed'
  | 'expired'
  /** It continues on another connection, here or at another proxy. */
  | 'moved'
  /** The store is out of reach: nothing may be promised until it is back. */
  | 'suspended'
  /** This process is stopping; the session lives on. */
  | 'stopping'

/** Where replies and events go: a connection, or the in-process client. */
export interface SessionSink {
  /** `tag` is what submit() was given (a connection's xid). errno 0: `result` holds the record. */
  reply(tag: number, request: SessionQuery, zxid: number, errno: number, result: Result): void
  event(type: EventType, path: string, zxid: number): void
  /** Nothing comes after it. */
  ended(reason: EndReason): void
}

export type SessionQuery = ReadRequest | WriteRequest | SyncRequest

const NOTHING: Result = { type: 'none' }

/** One place in the line. Reads hold it only while a write is ahead of them. */
class Turn implements CommitTask {
  readonly session: Session
  readonly request: WriteRequest | SyncRequest
  readonly tag: number
  readonly asker: Asker

  constructor(session: Session, request: WriteRequest | SyncRequest, tag: number) {
    this.session = session
    this.request = request
    this.tag = tag
    // The ids as of now: a later auth packet does not help a request sent before it.
    this.asker = session.asker
  }
  committed(zxid: number, planned: Planned): void {
    this.session.turnDone(this, zxid, planned)
  }
  abandoned(_error: StoreError): void {
    this.session.end('suspended')
  }
}

interface WaitingRead {
  readonly request: ReadRequest
  readonly tag: number
  readonly asker: Asker
}

export interface SessionHost {
  readonly replica: Replica
  readonly watches: WatchRegistry
  readonly committer: GroupCommitter
  readonly superDigest: string | undefined
}

export class Session implements Watcher {
  readonly id: bigint
  readonly timeoutMs: number
  /** The proxy that attends to it, and the fencing number of this connection. */
  readonly owner: string
  readonly fence: number
  readonly #host: SessionHost
  #sink: SessionSink | undefined
  #asker: Asker
  #line: (Turn | WaitingRead)[] = []
  #head = 0
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
    this.#asker = { sessionId: record.id, ids }
  }

  get asker(): Asker {
    return this.#asker
  }
  get ids(): readonly AuthId[] {
    return this.#asker.ids
  }
  get isEnded(): boolean {
    return this.#sink === undefined
  }
  get closeRequested(): boolean {
    return this.#closeRequested
  }
  /** Requests not answered yet. */
  get outstanding(): number {
    return this.#line.length - this.#head
  }

  /**
   * Adds an identity to this connection (A6). Unknown schemes and a digest that cannot be computed
   * are refused: AUTHFAILED. Takes effect for requests submitted later.
   */
  authenticate(scheme: string, auth: Uint8Array): boolean {
    if (scheme === 'ip') return true
    if (scheme !== 'digest') return false
    const digest = digestOf(auth)
    if (digest === undefined) return false
    const added: AuthId[] = []
    if (digest === this.#host.superDigest) added.push(SUPER_ID)
    added.push({ scheme: 'digest', id: digest })
    this.addIds(added)
    return true
  }

  addIds(added: readonly AuthId[]): void {
    const { sessionId, ids } = this.#asker
    const fresh = added.filter(
      (a) => !ids.some((own) => own.scheme === a.scheme && own.id === a.id),
    )
    this.#asker = { sessionId, ids: [...ids, ...fresh] }
  }

  read(request: ReadRequest, tag: number): void {
    if (this.#sink === undefined) return
    if (this.#line.length === this.#head) this.#answer(request, tag, this.#asker)
    else this.#line.push({ request, tag, asker: this.#asker })
  }

  write(request: WriteRequest | SyncRequest, tag: number): void {
    if (this.#sink === undefined) return
    if (request.type === 'closeSession') this.#closeRequested = true
    const turn = new Turn(this, request, tag)
    this.#line.push(turn)
    this.#host.committer.submit(turn)
  }

  #answer(request: ReadRequest, tag: number, asker: Asker): void {
    const host = this.#host
    const context: ReadContext = {
      tree: host.replica.tree,
      watches: host.watches,
      watcher: this,
      sessionId: this.id,
      ids: asker.ids,
    }
    const planned = answerRead(context, request)
    const zxid = host.replica.zxid
    if (typeof planned === 'number') this.#sink?.reply(tag, request, zxid, planned, NOTHING)
    else this.#sink?.reply(tag, request, zxid, 0, planned)
  }

  /** A write is applied: answer it, then the reads behind it, which see exactly this state. */
  turnDone(turn: Turn, zxid: number, planned: Planned): void {
    if (this.#sink === undefined) return
    if (this.#line[this.#head] !== turn) throw new Error('a session answered out of order')
    this.#head++
    const { request, tag } = turn
    if (typeof planned === 'number') this.#sink.reply(tag, request, zxid, planned, NOTHING)
    else if (request.type === 'sync') {
      this.#sink.reply(tag, request, zxid, 0, { type: 'path', path: request.path })
    } else this.#sink.reply(tag, request, zxid, 0, planned)
    if (request.type === 'closeSession') return this.end('closed')
    while (this.#head < this.#line.length) {
      const next = this.#line[this.#head] as Turn | WaitingRead
      if (next instanceof Turn) break
      this.#head++
      this.#answer(next.request, next.tag, next.asker)
    }
    if (this.#head === this.#line.length) {
      this.#line = []
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#line = this.#line.slice(this.#head)
      this.#head = 0
    }
  }

  /** Told only if it may read the znode (V10). */
  watchFired(
    type: EventType,
    path: string,
    acl: readonly Acl[],
    zxid = this.#host.replica.zxid,
  ): void {
    if (this.#sink === undefined || !isAllowed(acl, PERMS.READ, this.#asker.ids)) return
    this.#sink.event(type, path, zxid)
  }

  /**
   * The connection and the session part: watches go, later replies are dropped. The session itself
   * lives on unless the journal says otherwise. Idempotent.
   */
  end(reason: EndReason): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#sink = undefined
    this.#host.watches.removeWatcher(this)
    sink.ended(reason)
  }
}
