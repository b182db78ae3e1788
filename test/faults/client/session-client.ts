/**
 * A light ZooKeeper client that behaves as ZooKeeper's own does when servers fail: it pings when it
 * sends nothing else, gives a server up that is silent for two thirds of the session timeout,
 * connects to the next one after a random pause of up to a second, and resumes its session there. A
 * session that has expired is replaced by a new one, and counted.
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { framed } from '../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../lib/protocol/jute/reader.ts'
import { decodeConnectResponse } from '../../../lib/protocol/record/connect-response.ts'
import { decodeReplyHeader } from '../../../lib/protocol/record/reply-header.ts'
import { decodeWatcherEvent } from '../../../lib/protocol/record/watcher-event.ts'
import { XID } from '../../../lib/protocol/wire/opcodes.ts'
import { connectBody } from '../../support/raw-client.ts'
import {
  packRequest,
  type RawOp,
  type RawRecord,
  type RawRequests,
  unpackReply,
} from '../../support/raw-codec.ts'

/** The outcome is unknown: the request was sent, its reply did not come. */
export class ConnectionLost extends Error {}
/** The session that the caller meant is gone; nothing was sent. */
export class SessionGone extends Error {}

export interface Reply {
  readonly err: number
  readonly zxid: number
  readonly record: RawRecord
  /** Identity of the connection that it came over. */
  readonly connection: number
}

export interface WatchEvent {
  readonly type: number
  readonly path: string
}

/** What the harness wants to know of every client. All times: performance.now(). */
export interface ClientObserver {
  connected(client: SessionClient): void
  disconnected(client: SessionClient, why: string): void
  sessionLost(client: SessionClient, lastAnsweredMs: number): void
  violation(kind: string, text: string): void
}

export interface SessionClientOptions {
  readonly name: string
  /** Ports on 127.0.0.1, one for each server, in the order in which they are tried. */
  readonly ports: readonly number[]
  readonly timeoutMs: number
  readonly observer: ClientObserver
  /** @default 0…1000 ms at random, as ZooKeeper's client does. */
  readonly reconnectPauseMs?: () => number
}

interface Pending {
  readonly xid: number
  readonly op: number
  readonly sentMs: number
  /** Called before anything that came after the reply is looked at. */
  readonly onReply: ((reply: Reply) => void) | undefined
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

const tickMs = 50
let connections = 0

export class SessionClient {
  readonly name: string
  readonly #options: SessionClientOptions
  #socket: Socket | undefined
  #state: 'closed' | 'connecting' | 'connected' = 'closed'
  #at = 0
  #isFirst = true
  #stopped = false
  #input: Buffer = Buffer.alloc(0)
  #pending: Pending[] = []
  #nextXid = 1
  #waiters: (() => void)[] = []
  #lastSentMs = 0
  #lastReceivedMs = 0
  #lastZxid = 0
  #sessionId = 0n
  #password: Buffer = Buffer.alloc(16)
  #timeoutMs = 0
  #generation = 0
  #connection = 0
  #lastAnsweredMs = 0
  #timer: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  /** Called before anything else is sent on a new connection. */
  onConnected: (() => void) | undefined
  onEvent: ((event: WatchEvent, connection: number) => void) | undefined

  constructor(options: SessionClientOptions) {
    this.name = options.name
    this.#options = options
  }

  /** The oldest request without an answer has waited so long. Unit: ms. */
  get waitedMs(): number {
    const [oldest] = this.#pending
    return oldest === undefined ? 0 : performance.now() - oldest.sentMs
  }
  get lastZxid(): number {
    return this.#lastZxid
  }
  get isConnected(): boolean {
    return this.#state === 'connected'
  }
  get sessionId(): bigint {
    return this.#sessionId
  }
  /** Counts the sessions that this client has had. */
  get generation(): number {
    return this.#generation
  }
  get connection(): number {
    return this.#connection
  }
  /** As granted. Unit: ms. */
  get timeoutMs(): number {
    return this.#timeoutMs
  }
  /** When the newest request was sent that has been answered: the server has had it. */
  get lastAnsweredMs(): number {
    return this.#lastAnsweredMs
  }
  /** Position of the server in use among the ports. */
  get server(): number {
    return this.#at
  }

  start(firstServer: number): this {
    this.#at = firstServer % this.#options.ports.length
    this.#timer = setInterval(() => this.#tick(), tickMs)
    this.#connect()
    return this
  }

  /** Until there is a connection with a session. */
  async ready(): Promise<void> {
    while (this.#state !== 'connected') {
      if (this.#stopped) throw new SessionGone(`${this.name} was stopped`)
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  /** Waits for a connection, then sends. `generation`: only in that session. */
  async call<K extends RawOp>(op: K, record: RawRequests[K], generation?: number): Promise<Reply> {
    await this.ready()
    if (generation !== undefined && generation !== this.#generation) {
      throw new SessionGone(`${this.name} has another session`)
    }
    const xid = this.#nextXid++
    return this.#send(op, packRequest(xid, op, record), xid)
  }

  /** Sends now, or rejects with SessionGone when there is no connection. */
  callNow<K extends RawOp>(
    op: K,
    record: RawRequests[K],
    connection?: number,
    onReply?: (reply: Reply) => void,
  ): Promise<Reply> {
    const isOther = connection !== undefined && connection !== this.#connection
    if (this.#state !== 'connected' || isOther) {
      return Promise.reject(new SessionGone(`${this.name} has no such connection`))
    }
    const xid = this.#nextXid++
    return this.#send(op, packRequest(xid, op, record), xid, onReply)
  }

  /** Ends the connection without a goodbye; the client then reconnects. */
  dropConnection(why: string): void {
    this.#lost(why)
  }

  /** Continues at that server, with its session. */
  moveTo(server: number): void {
    if (this.#at === server && this.#state === 'connected') return
    this.#at = server
    this.#lost('moved', false)
  }

  /** No more reconnecting; the session is left to expire. */
  abandon(): void {
    this.#stopped = true
    this.#lost('abandoned')
    clearInterval(this.#timer)
    clearTimeout(this.#retry)
    this.#wake()
  }

  /** Says nothing more, not even a ping, and leaves the connection open: a client that hangs. */
  freeze(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    clearTimeout(this.#retry)
  }

  /** Ends the session properly when it can be done within a second. */
  async stop(): Promise<void> {
    if (this.#state === 'connected') {
      const xid = this.#nextXid++
      const closed = this.#send(-11, packRequest(xid, -11, {}), xid)
      await Promise.race([
        closed.catch(() => {}),
        new Promise((resolve) => setTimeout(resolve, 1_000)),
      ])
    }
    this.abandon()
  }

  #connect(): void {
    if (this.#stopped) return
    this.#state = 'connecting'
    this.#input = Buffer.alloc(0)
    const port = this.#options.ports[this.#at]!
    const socket = connectTcp({ host: '127.0.0.1', port })
    this.#socket = socket
    this.#lastSentMs = performance.now()
    this.#lastReceivedMs = this.#lastSentMs
    socket.setNoDelay(true)
    socket.on('connect', () => {
      const body = connectBody({
        lastZxidSeen: this.#lastZxid,
        timeoutMs: this.#options.timeoutMs,
        sessionId: this.#sessionId,
        password: this.#password,
        readOnly: false,
      })
      this.#lastSentMs = performance.now()
      socket.write(framed(body))
    })
    socket.on('data', (chunk: Buffer) => {
      if (socket === this.#socket) this.#onData(chunk)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (socket === this.#socket) this.#lost('closed by the server')
    })
  }

  #tick(): void {
    const nowMs = performance.now()
    const silentMs = nowMs - this.#lastReceivedMs
    if (this.#state === 'connecting') {
      const limitMs = this.#options.timeoutMs / this.#options.ports.length
      if (silentMs > limitMs) this.#lost('no answer to the connect request')
    } else if (this.#state === 'connected') {
      const readTimeoutMs = (this.#timeoutMs * 2) / 3
      if (silentMs > readTimeoutMs) this.#lost(`silent for ${Math.round(silentMs)} ms`)
      else if (nowMs - this.#lastSentMs > readTimeoutMs / 2) {
        this.#send(11, packRequest(-2, 11, {}), -2).catch(() => {})
      }
    }
  }

  #send(op: number, body: Buffer, xid: number, onReply?: (reply: Reply) => void): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sentMs = performance.now()
      this.#lastSentMs = sentMs
      this.#pending.push({ xid, op, sentMs, onReply, resolve, reject })
      this.#socket!.write(framed(body))
    })
  }

  #onData(chunk: Buffer): void {
    this.#lastReceivedMs = performance.now()
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk])
    const socket = this.#socket
    while (socket === this.#socket && this.#input.length >= 4) {
      const end = 4 + this.#input.readInt32BE(0)
      if (this.#input.length < end) return
      const body = this.#input.subarray(4, end)
      this.#input = this.#input.subarray(end)
      if (this.#state === 'connecting') this.#onConnectResponse(body)
      else this.#onReply(body)
    }
  }

  #onConnectResponse(body: Buffer): void {
    const response = decodeConnectResponse(JuteReader.of(body))
    const { timeoutMs, sessionId } = response
    const password = Buffer.from(response.password)
    if (timeoutMs === 0) {
      this.#options.observer.sessionLost(this, this.#lastAnsweredMs)
      this.#sessionId = 0n
      this.#password = Buffer.alloc(16)
      this.#lastZxid = 0
      this.#lost('session expired', false)
      return
    }
    if (this.#sessionId !== 0n && sessionId !== this.#sessionId) {
      this.#violation('session', `resumed ${hex(this.#sessionId)}, got ${hex(sessionId)}`)
    }
    if (sessionId !== this.#sessionId) this.#generation++
    this.#sessionId = sessionId
    this.#password = password
    this.#timeoutMs = timeoutMs
    this.#connection = ++connections
    this.#state = 'connected'
    this.#isFirst = false
    this.#lastAnsweredMs = this.#lastSentMs
    this.#options.observer.connected(this)
    this.onConnected?.()
    this.#wake()
  }

  #onReply(body: Buffer): void {
    const reader = JuteReader.of(body)
    const { xid, zxid, errno: err } = decodeReplyHeader(reader)
    if (xid === XID.notification) {
      const { type, path } = decodeWatcherEvent(reader)
      this.onEvent?.({ type, path: path ?? '' }, this.#connection)
      return
    }
    const pending = this.#pending.shift()
    if (pending?.xid !== xid) {
      this.#violation('fifo', `reply to xid ${xid} instead of ${pending?.xid}`)
      this.#lost('replies out of order')
      return
    }
    this.#lastAnsweredMs = Math.max(this.#lastAnsweredMs, pending.sentMs)
    // As in ZooKeeper's client, what a ping's answer says does not count as seen.
    if (zxid > 0 && pending.op !== 11) {
      if (zxid < this.#lastZxid) {
        const seen = `0x${zxid.toString(16)} after 0x${this.#lastZxid.toString(16)}`
        this.#violation('zxid', `op ${pending.op} answered at ${seen}`)
      }
      this.#lastZxid = Math.max(this.#lastZxid, zxid)
    }
    const record = unpackReply(pending.op, body)
    if (record.rest !== undefined) this.#violation('codec', `op ${pending.op} has bytes over`)
    const reply = { err, zxid, record, connection: this.#connection }
    pending.onReply?.(reply)
    pending.resolve(reply)
  }

  #lost(why: string, pause = true): void {
    const wasConnected = this.#state === 'connected'
    this.#state = 'closed'
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
    const pending = this.#pending
    this.#pending = []
    for (const { reject, op } of pending) reject(new ConnectionLost(`op ${op}: ${why}`))
    if (wasConnected && why !== 'abandoned' && why !== 'moved') {
      this.#options.observer.disconnected(this, why)
    }
    if (this.#stopped) return
    if (pause) this.#at = (this.#at + 1) % this.#options.ports.length
    const { reconnectPauseMs = () => Math.random() * 1_000 } = this.#options
    clearTimeout(this.#retry)
    this.#retry = setTimeout(
      () => this.#connect(),
      this.#isFirst || !pause ? 20 : reconnectPauseMs(),
    )
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  #violation(kind: string, text: string): void {
    this.#options.observer.violation(
      kind,
      `${this.name} (session ${hex(this.#sessionId)}): ${text}`,
    )
  }
}

export function hex(id: bigint): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`
}
