/**
 * A ZooKeeper client for tests that shows everything: what was answered, in which order, and what
 * came unasked. Speaks to anykeeper and to a real ZooKeeper alike. No retries, no own pings. The
 * library's client refuses what this one sends: malformed frames, wrong orders, a second handshake.
 */

import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls'
import { bodyOf, FrameSplitter, framed } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import { encodeConnectRequest } from '../../lib/protocol/record/connect-request.ts'
import { decodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import { decodeReplyHeader } from '../../lib/protocol/record/reply-header.ts'
import { decodeWatcherEvent } from '../../lib/protocol/record/watcher-event.ts'
import { XID } from '../../lib/protocol/wire/opcodes.ts'
import { Pack } from './pack.ts'
import {
  packRequest,
  type RawAcl,
  type RawCreate,
  type RawMultiOp,
  type RawOp,
  type RawRecord,
  type RawRequests,
  unpackReply,
} from './raw-codec.ts'

export interface RawReply {
  kind: 'reply'
  xid: number
  zxid: number
  err: number
  record: RawRecord
}
export interface RawEvent {
  kind: 'event'
  zxid: number
  type: number
  state: number
  path: string
}
export interface RawClosed {
  kind: 'closed'
}
export type RawEntry = RawReply | RawEvent | RawClosed

export interface RawConnectOptions {
  port: number
  host?: string
  /** 0n: a new session. */
  sessionId?: bigint
  password?: Uint8Array
  /** ms; 10,000 unless given. */
  timeoutMs?: number
  lastZxidSeen?: number
  /** Given: the request ends with this byte. Absent: it has no such byte, as of old clients. */
  readOnly?: boolean
  /** false: only the TCP connection; the test sends all bytes itself. */
  handshake?: boolean
  /** Given: over TLS. */
  tls?: TlsOptions
  /** Keep the body of every frame sent and received in `frames`. */
  keepFrames?: boolean
}

/** Long lists of children pass. */
const REPLY_BYTES_MAX = 512 * 1024 * 1024

async function openSocket({ port, host = '127.0.0.1', tls }: RawConnectOptions): Promise<Socket> {
  const socket = tls === undefined ? connectTcp({ port, host }) : connectTls({ port, host, ...tls })
  await once(socket, tls === undefined ? 'connect' : 'secureConnect')
  return socket
}

interface Pending {
  xid: number
  op: number
  resolve: (reply: RawReply) => void
  reject: (error: Error) => void
}

export class RawClient {
  /** Everything the server said after the handshake, in its order. */
  readonly transcript: RawEntry[] = []
  readonly frames: { direction: '>' | '<'; body: Buffer }[] = []
  readonly socket: Socket
  sessionId = 0n
  password: Buffer = Buffer.alloc(16)
  /** As granted, in ms; 0 when the server refused the session. */
  timeoutMs = 0
  /** The byte at the end of the connect response; undefined when there was none. */
  readOnly: boolean | undefined
  closed = false
  private input: Buffer = Buffer.alloc(0)
  private handshake: 'raw' | 'waiting' | 'done'
  private nextXid = 1
  private readonly pending: Pending[] = []
  private readonly watchers = new Set<() => void>()
  private readonly keepFrames: boolean
  private readonly splitter = new FrameSplitter({
    frameBytesMax: REPLY_BYTES_MAX,
    onFrame: (buffer, start, end) => this.onFrame(Buffer.from(buffer.subarray(start, end))),
  })

  private constructor(socket: Socket, options: RawConnectOptions) {
    this.socket = socket
    this.handshake = options.handshake === false ? 'raw' : 'waiting'
    this.keepFrames = options.keepFrames === true
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.onData(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.onClose())
  }

  /** Opens a connection and, unless told otherwise, waits for the connect response.
   *  Rejects when the server closes before it answered. */
  static async connect(options: RawConnectOptions): Promise<RawClient> {
    const socket = await openSocket(options)
    const client = new RawClient(socket, options)
    if (options.handshake === false) return client
    client.sendFrame(connectBody(options))
    await client.waitFor(() => client.handshake === 'done' || client.closed)
    if (client.handshake !== 'done') throw new Error('closed before the connect response')
    return client
  }

  /** Sends one request without waiting for those before it. Rejects when the connection ends first. */
  send<K extends RawOp>(
    op: K,
    record: RawRequests[K],
    xid: number = this.nextXid++,
  ): Promise<RawReply> {
    return this.sendBody(op, packRequest(xid, op, record), xid)
  }

  /** Sends a body made by the test; `op` says how its reply is read. */
  sendBody(op: number, body: Uint8Array, xid: number): Promise<RawReply> {
    const reply = new Promise<RawReply>((resolve, reject) => {
      this.pending.push({ xid, op, resolve, reject })
    })
    reply.catch(() => {}) // The transcript has it too; an unread promise is no failure.
    if (this.closed) this.rejectPending()
    else this.sendFrame(body)
    return reply
  }

  /** A request with any opcode and any record bytes. */
  sendRecord(op: number, record: Uint8Array, xid: number = this.nextXid++): Promise<RawReply> {
    return this.sendBody(op, new Pack().int(xid).int(op).raw(record).done(), xid)
  }

  /** The body with its length before it. */
  sendFrame(body: Uint8Array): void {
    if (this.keepFrames) this.frames.push({ direction: '>', body: Buffer.from(body) })
    this.socket.write(framed(body))
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  create(path: string | null, more: Omit<RawCreate, 'path'> = {}): Promise<RawReply> {
    return this.send(1, { path, ...more })
  }

  create2(path: string | null, more: Omit<RawCreate, 'path'> = {}): Promise<RawReply> {
    return this.send(15, { path, ...more })
  }

  createContainer(path: string | null, more: Omit<RawCreate, 'path'> = {}): Promise<RawReply> {
    return this.send(19, { path, ...more })
  }

  createTtl(
    path: string | null,
    ttlMs: number,
    more: Omit<RawCreate, 'path'> = {},
  ): Promise<RawReply> {
    return this.send(21, { path, ttlMs, ...more })
  }

  delete(path: string | null, version = -1): Promise<RawReply> {
    return this.send(2, { path, version })
  }

  deleteContainer(path: string | null, version = -1): Promise<RawReply> {
    return this.send(20, { path, version })
  }

  exists(path: string | null, watch = false): Promise<RawReply> {
    return this.send(3, { path, watch })
  }

  getData(path: string | null, watch = false): Promise<RawReply> {
    return this.send(4, { path, watch })
  }

  setData(path: string | null, data: Uint8Array | string | null, version = -1): Promise<RawReply> {
    return this.send(5, { path, data, version })
  }

  getAcl(path: string | null): Promise<RawReply> {
    return this.send(6, { path })
  }

  setAcl(path: string | null, acl: readonly RawAcl[] | null, version = -1): Promise<RawReply> {
    return this.send(7, { path, acl, version })
  }

  getChildren(path: string | null, watch = false): Promise<RawReply> {
    return this.send(8, { path, watch })
  }

  getChildren2(path: string | null, watch = false): Promise<RawReply> {
    return this.send(12, { path, watch })
  }

  sync(path: string | null): Promise<RawReply> {
    return this.send(9, { path })
  }

  check(path: string | null, version = -1): Promise<RawReply> {
    return this.send(13, { path, version })
  }

  multi(ops: readonly RawMultiOp[]): Promise<RawReply> {
    return this.send(14, { ops })
  }

  multiRead(ops: readonly RawMultiOp[]): Promise<RawReply> {
    return this.send(22, { ops })
  }

  reconfig(record: RawRequests[16]): Promise<RawReply> {
    return this.send(16, record)
  }

  checkWatches(path: string | null, watcherType: number): Promise<RawReply> {
    return this.send(17, { path, watcherType })
  }

  removeWatches(path: string | null, watcherType: number): Promise<RawReply> {
    return this.send(18, { path, watcherType })
  }

  addWatch(path: string | null, mode: number): Promise<RawReply> {
    return this.send(106, { path, mode })
  }

  setWatches(record: RawRequests[101], xid = -8): Promise<RawReply> {
    return this.send(101, record, xid)
  }

  setWatches2(record: RawRequests[105], xid = -8): Promise<RawReply> {
    return this.send(105, record, xid)
  }

  getEphemerals(prefixPath: string | null): Promise<RawReply> {
    return this.send(103, { prefixPath })
  }

  getAllChildrenNumber(path: string | null): Promise<RawReply> {
    return this.send(104, { path })
  }

  whoAmI(): Promise<RawReply> {
    return this.send(107, {})
  }

  auth(scheme: string | null, auth: Uint8Array | string | null): Promise<RawReply> {
    return this.send(100, { scheme, auth }, -4)
  }

  sasl(token: Uint8Array | null): Promise<RawReply> {
    return this.send(102, { token })
  }

  ping(): Promise<RawReply> {
    return this.send(11, {}, -2)
  }

  /** closeSession, then waits for the server to end the connection. */
  async close(): Promise<void> {
    if (!this.closed) this.send(-11, {})
    await this.waitFor(() => this.closed)
  }

  /** Drops the connection and leaves the session alone. */
  destroy(): void {
    this.socket.destroy()
  }

  get events(): RawEvent[] {
    return this.transcript.filter((entry) => entry.kind === 'event')
  }

  /** Resolves with the first truthy answer; asks again after every entry of the transcript. */
  waitFor<T>(predicate: (transcript: readonly RawEntry[]) => T, timeoutMs = 30_000): Promise<T> {
    const now = predicate(this.transcript)
    if (now) return Promise.resolve(now)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(look)
        reject(new Error(`not seen in ${timeoutMs} ms; transcript: ${show(this.transcript)}`))
      }, timeoutMs)
      const look = (): void => {
        const found = predicate(this.transcript)
        if (!found) return
        clearTimeout(timer)
        this.watchers.delete(look)
        resolve(found)
      }
      this.watchers.add(look)
    })
  }

  private onData(chunk: Buffer): void {
    if (this.handshake === 'raw') {
      this.input = Buffer.concat([this.input, chunk])
      this.wake()
    } else {
      this.splitter.push(chunk)
    }
  }

  /** With `handshake: false`: every byte received so far. */
  get bytesReceived(): Buffer {
    return this.input
  }

  private onFrame(body: Buffer): void {
    if (this.keepFrames) this.frames.push({ direction: '<', body })
    if (this.handshake === 'waiting') this.onConnectResponse(body)
    else this.onReply(body)
    this.wake()
  }

  private onConnectResponse(body: Buffer): void {
    const { timeoutMs, sessionId, password, readOnly, hasReadOnly } = decodeConnectResponse(
      JuteReader.of(body),
    )
    this.timeoutMs = timeoutMs
    this.sessionId = sessionId
    this.password = Buffer.from(password)
    this.readOnly = hasReadOnly ? readOnly : undefined
    this.handshake = 'done'
  }

  private onReply(body: Buffer): void {
    const reader = JuteReader.of(body)
    const { xid, zxid, errno: err } = decodeReplyHeader(reader)
    if (xid === XID.notification) {
      this.transcript.push({ kind: 'event', zxid, ...decodeWatcherEvent(reader) })
      return
    }
    const at = this.pending.findIndex((p) => p.xid === xid)
    const pending = at < 0 ? undefined : this.pending.splice(at, 1)[0]
    const record = unpackReply(pending?.op ?? 0, body)
    const reply: RawReply = { kind: 'reply', xid, zxid, err, record }
    this.transcript.push(reply)
    pending?.resolve(reply)
  }

  private onClose(): void {
    this.closed = true
    this.transcript.push({ kind: 'closed' })
    this.rejectPending()
    this.wake()
  }

  private rejectPending(): void {
    for (const p of this.pending.splice(0)) {
      p.reject(new Error(`connection closed before the reply to xid ${p.xid}`))
    }
  }

  private wake(): void {
    for (const look of [...this.watchers]) look()
  }
}

/** ConnectRequest's body. */
export function connectBody(options: Omit<RawConnectOptions, 'port'>): Buffer {
  const { readOnly } = options
  return bodyOf((writer) =>
    encodeConnectRequest(writer, {
      protocolVersion: 0,
      lastZxidSeen: options.lastZxidSeen ?? 0,
      timeoutMs: options.timeoutMs ?? 10_000,
      sessionId: options.sessionId ?? 0n,
      password: options.password ?? Buffer.alloc(16),
      readOnly: readOnly === true,
      hasReadOnly: readOnly !== undefined,
    }),
  )
}

const show = (entries: readonly RawEntry[]): string =>
  JSON.stringify(entries, (_, v) => (typeof v === 'bigint' ? `${v}` : v))
