/**
 * The change feed of one connection: a request, a page. Between two requests nothing is read and nothing is queued.
 * Line: connection → here → keeper.changes() → here → the connection's writer. Client's side: lib/client/wire/wire-feed.
 */
import { type ChangeRecord, ChangesError, ZK_ERRORS } from '../lib/internal.ts'
import type { JuteReader } from '../lib/protocol/jute/reader.ts'
import {
  type ChangesEnd,
  type ChangesPage,
  type ChangesPageRequest,
  readChangesRequest,
  writeChangesPage,
} from '../lib/protocol/record/changes.ts'
import { encodeReplyHeader } from '../lib/protocol/record/reply-header.ts'
import { encodeErrorReply } from '../lib/protocol/wire/encode-reply.ts'
import type { ClientConnection } from './host.ts'

/** The most that a client may request: what a page has before its last record, and how long it may take. */
const PAGE = { bytesMax: 1024 * 1024, waitMsMax: 10_000 } as const
/** What a record, an operation or a znode takes besides its paths and data. Unit bytes. */
const OVERHEAD_BYTES = 100

interface Feed {
  readonly records: AsyncIterator<ChangeRecord>
  readonly stop: AbortController
  readonly withoutData: boolean
  /** Requested from the feed, and in no page yet. */
  next: Promise<IteratorResult<ChangeRecord>> | undefined
}

export class ServedChanges {
  readonly #connection: ClientConnection
  #feed: Feed | undefined
  #isAnswering = false
  #isClosed = false

  constructor(connection: ClientConnection) {
    this.#connection = connection
  }

  /** @throws {WireError} malformed */
  request(xid: number, reader: JuteReader): void {
    const request = readChangesRequest(reader)
    const { server, session, name } = this.#connection
    // The feed says everything that is in the tree, whatever the ACLs.
    if (session?.ids.some(({ scheme }) => scheme === 'super') !== true) {
      server.logger.info({ client: name }, 'change feed refused: not the super user')
      return this.#refuse(xid, ZK_ERRORS.NO_AUTH.errno)
    }
    if (this.#isAnswering || !this.#open(request)) {
      return this.#refuse(xid, ZK_ERRORS.BAD_ARGUMENTS.errno)
    }
    this.#isAnswering = true
    const feed = this.#feed as Feed
    this.#page(feed, request).then(
      (page) => this.#answer(xid, page, feed.withoutData),
      (error: unknown) => {
        if (this.#isClosed) return
        server.logger.info({ client: name, err: error }, 'change feed ended: client disconnected')
        this.#connection.close()
      },
    )
  }

  close(): void {
    this.#isClosed = true
    this.#leave()
  }

  /** false: the request is not valid. */
  #open({ begins, from, prefix, withoutData, withSessions }: ChangesPageRequest): boolean {
    if (!begins) return this.#feed !== undefined
    this.#leave()
    const stop = new AbortController()
    const { keeper } = this.#connection.server
    try {
      const position = from === '' ? undefined : from
      const options = { from: position, prefix, withoutData, withSessions, signal: stop.signal }
      this.#feed = { records: keeper.changes(options), stop, withoutData, next: undefined }
      return true
    } catch (error) {
      if (error instanceof TypeError) return false
      throw error
    }
  }

  /** Its snapshot keeps what changes, and it counts, until it is left. */
  #leave(): void {
    const feed = this.#feed
    this.#feed = undefined
    feed?.stop.abort()
    feed?.records.return?.().catch(() => {})
  }

  /** What is there, at least one record unless the time is over before. */
  async #page(feed: Feed, { bytesMax, waitMs }: ChangesPageRequest): Promise<ChangesPage> {
    const records: ChangeRecord[] = []
    const { clock } = this.#connection.server.keeper
    let cancel = (): void => {}
    let until = new Promise<undefined>((resolve) => {
      const ms = Math.min(Math.max(waitMs, 0), PAGE.waitMsMax)
      cancel = clock.after(ms, () => resolve(undefined))
    })
    try {
      for (let bytes = 0; bytes < Math.min(bytesMax, PAGE.bytesMax) || records.length === 0; ) {
        feed.next ??= feed.records.next()
        // Awaited by the next page, if not by this one.
        feed.next.catch(() => {})
        const result = await Promise.race([feed.next, until])
        if (result === undefined) break
        feed.next = undefined
        // Only close() ends it so: nobody reads the page.
        if (result.done === true) break
        records.push(result.value)
        bytes += sizeOf(result.value)
        // Whatever is there comes along, but nothing is waited for any more, and others have their turn.
        if (records.length === 1) until = new Promise((resolve) => setImmediate(resolve, undefined))
      }
      return { records, end: undefined }
    } catch (error) {
      if (!(error instanceof ChangesError)) throw error
      const { code, message, position, oldestZxid } = error
      const end: ChangesEnd = { code, message, position, oldestZxid }
      return { records, end }
    } finally {
      cancel()
    }
  }

  #answer(xid: number, page: ChangesPage, withoutData: boolean): void {
    this.#isAnswering = false
    if (page.end !== undefined) this.#feed = undefined
    if (this.#isClosed) return
    const { server, writer } = this.#connection
    try {
      writer.begin()
      encodeReplyHeader(writer, xid, server.keeper.replica.zxid, 0)
      writeChangesPage(writer, page, withoutData)
      writer.end()
    } catch (error) {
      writer.rollback()
      server.logger.warn(
        { client: this.#connection.name, err: error },
        'page too large: disconnected',
      )
      return this.#connection.close()
    }
    this.#connection.replied()
  }

  #refuse(xid: number, errno: number): void {
    encodeErrorReply(
      this.#connection.writer,
      xid,
      this.#connection.server.keeper.replica.zxid,
      errno,
    )
    this.#connection.replied()
  }
}

/** About what it takes in a page. Unit bytes. */
function sizeOf(record: ChangeRecord): number {
  let bytes = OVERHEAD_BYTES
  if (record.kind === 'snapshot') {
    for (const { path, data } of record.znodes) {
      bytes += path.length + (data?.length ?? 0) + OVERHEAD_BYTES
    }
  } else if (record.kind === 'change') {
    for (const op of record.ops) {
      bytes += OVERHEAD_BYTES
      if ('path' in op) bytes += op.path.length
      if ('data' in op) bytes += op.data?.length ?? 0
    }
  }
  return bytes
}
