/**
 * One connection of the load: packets out of a buffer of its own, of replies only length, xid and
 * error are looked at: decoding them would cost the load what it measures. What is sent while a chunk
 * of replies is read leaves in one write.
 * Neighbours: wire (the packets), skimmer (the replies), the loads of each kind (who send them).
 */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { XID } from '../../lib/protocol/wire/opcodes.ts'
import { type Reader, Skimmer } from './skimmer.ts'
import { closeSession, connect, ping, XID_AT } from './wire.ts'

/** Of every session unless a load says otherwise. ZooKeeper grants at most 20 ticks of 2 s. */
export const SESSION_TIMEOUT_MS = 30_000
/** Length, xid, zxid, error. */
const HEADER_BYTES = 20
const HEARTBEAT = ping()
const OUT_BYTES = 64 * 1024
/**
 * A link that sent nothing for one to two of these sends a heartbeat, because a reply may take minutes.
 * Twice this is below the sessions' timeout. Unit ms.
 */
const SILENT_MS = 12_000

/** Those with a session. */
const open = new Set<Link>()
setInterval(() => {
  for (const link of open) link.beatIfSilent()
}, SILENT_MS).unref()

/**
 * Where every connection reads into: what came is looked at before the next one reads. So a reply
 * costs no allocation, and a large one few reads.
 */
const input = Buffer.allocUnsafeSlow(512 * 1024)

/** Another port of the same server, and PEM. */
export interface SecureTarget {
  readonly port: number
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface Target {
  readonly host: string
  /** Without TLS; four-letter words are sent to it. */
  readonly port: number
  /** Sessions are opened over TLS. */
  readonly secure?: SecureTarget
}

/** What a link reports, with the time its chunk came in (monotonic ms). */
export interface LinkOwner {
  replied(link: Link, errno: number, nowMs: number): void
  event(link: Link, nowMs: number): void
  /** The answer to a heartbeat. */
  beaten?(link: Link, nowMs: number): void
}

export class Link implements Reader {
  readonly index: number
  owner: LinkOwner
  outstanding = 0
  /** When the newest heartbeat was sent. Unit ms. */
  beatenMs = 0
  readonly opened: Promise<void>
  readonly #socket: Socket
  readonly #skimmer = new Skimmer(HEADER_BYTES, this)
  #out = Buffer.allocUnsafeSlow(OUT_BYTES)
  #filled = 0
  #xid = 1
  #nowMs = 0
  #replyXid = 0
  #replyErrno = 0
  #greeted = false
  /** Sent something since the last look for the silent. */
  #spoke = true
  #reading = false
  #leaving = false
  #opened!: () => void
  #failed!: (error: Error) => void

  constructor(target: Target, index: number, owner: LinkOwner) {
    this.index = index
    this.owner = owner
    this.opened = new Promise((resolve, reject) => {
      this.#opened = resolve
      this.#failed = reject
    })
    const { host, port, secure } = target
    if (secure === undefined) {
      const onread = { buffer: input, callback: (bytes: number) => this.#received(bytes) }
      this.#socket = connectTcp({ host, port, noDelay: true, onread })
    } else {
      this.#socket = connectTls({ host, ...secure }).setNoDelay(true)
      // A record has 16 KiB at most: it fits.
      this.#socket.on('data', (chunk: Buffer) => this.#received(chunk.copy(input)))
    }
    this.#socket.on('error', (error) => this.#lost(error))
    this.#socket.on('close', () => this.#lost(new Error('connection closed')))
    this.#socket.write(connect(SESSION_TIMEOUT_MS))
  }

  /** Copies a packet to what is sent next; returns where it begins, to change it in {@link out}. */
  put(packet: Buffer): number {
    if (this.#filled + packet.length > this.#out.length) this.flush()
    if (packet.length > this.#out.length) this.#out = Buffer.allocUnsafeSlow(packet.length)
    const at = this.#filled
    this.#out.set(packet, at)
    this.#out.writeInt32BE(this.#xid++ & 0x7fffffff, at + XID_AT)
    this.#filled = at + packet.length
    this.outstanding++
    return at
  }
  get out(): Buffer {
    return this.#out
  }

  /** Sends what was put. Inside a callback there is no need: it is done after the chunk. */
  flush(): void {
    if (this.#filled === 0) return
    this.#socket.write(this.#out.subarray(0, this.#filled))
    this.#filled = 0
    this.#spoke = true
    // The kernel did not take all of it: the socket still reads from this buffer.
    if (this.#socket.writableLength > 0) this.#out = Buffer.allocUnsafeSlow(this.#out.length)
  }
  send(packet: Buffer): void {
    this.put(packet)
    if (!this.#reading) this.flush()
  }

  /** A heartbeat, in a write of its own. */
  beat(): void {
    this.beatenMs = performance.now()
    this.#socket.write(HEARTBEAT)
    this.#spoke = true
  }
  beatIfSilent(): void {
    if (!this.#spoke) this.beat()
    this.#spoke = false
  }

  /** Ends the session, then the connection. Nothing may be outstanding. */
  async close(): Promise<void> {
    this.#leaving = true
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()))
    this.owner = { replied: () => this.destroy(), event: () => {} }
    this.send(closeSession())
    await closed
  }
  /** Disconnects without a TIME_WAIT: a load opens more connections than there are ports. */
  destroy(): void {
    this.#leaving = true
    if (this.#socket instanceof TLSSocket) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  #lost(error: Error): void {
    open.delete(this)
    this.#failed(error)
    if (!this.#leaving) throw error
  }

  #received(bytes: number): boolean {
    this.#nowMs = performance.now()
    this.#reading = true
    this.#skimmer.feed(input, bytes)
    this.#reading = false
    this.flush()
    return true
  }

  begin(header: Buffer, at: number): void {
    this.#replyXid = header.readInt32BE(at + 4)
    this.#replyErrno = header.readInt32BE(at + 16)
  }

  end(): void {
    if (!this.#greeted) {
      this.#greeted = true
      open.add(this)
      this.#opened()
    } else if (this.#replyXid === XID.notification) {
      this.owner.event(this, this.#nowMs)
    } else if (this.#replyXid === XID.ping) {
      this.owner.beaten?.(this, this.#nowMs)
    } else {
      this.outstanding--
      this.owner.replied(this, this.#replyErrno, this.#nowMs)
    }
  }
}
