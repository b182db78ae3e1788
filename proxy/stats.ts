/** Counters of the server and of each connection: srvr, stat, mntr, cons and the metrics show them. */
import { Histogram } from '../lib/internal.ts'

/** Of reads that are answered as they come, one in so many is measured, and stands for all of them. A power of two. */
export const READS_PER_SAMPLE = 64
/** Opcodes are from -11 to 107: their last seven bits differ. */
const OP_SLOTS = 128
/** Error codes are from -128 to -1. */
const ERROR_SLOTS = 256

/** Where {@link ServerStats.ops} counts the requests with this opcode. */
export const opSlot = (op: number): number => op & (OP_SLOTS - 1)

export class Latency {
  count = 0
  totalMs = 0
  minMs = 0
  maxMs = 0

  /** `times`: so many requests took as long. */
  record(ms: number, times = 1): void {
    if (this.count === 0 || ms < this.minMs) this.minMs = ms
    if (ms > this.maxMs) this.maxMs = ms
    this.count += times
    this.totalMs += ms * times
  }
  get averageMs(): number {
    return this.count === 0 ? 0 : this.totalMs / this.count
  }
  reset(): void {
    this.count = 0
    this.totalMs = 0
    this.minMs = 0
    this.maxMs = 0
  }
}

export class ServerStats {
  /** Of all requests, from arrival to reply: reads as they are sampled. */
  readonly latency = new Latency()
  /** Of writes alone. */
  readonly updates = new Latency()
  readonly readLatency = new Histogram()
  readonly updateLatency = new Histogram()
  /** One for each turn of the event loop that had replies: handing them to the sockets. */
  readonly replyTimes = new Histogram()
  /** Requests by the last seven bits of their opcode: see {@link opSlot}. */
  readonly ops: Float64Array = new Float64Array(OP_SLOTS)
  /** Replies with an error by its code, without the minus. */
  readonly errors: Float64Array = new Float64Array(ERROR_SLOTS)
  packetsReceived = 0
  packetsSent = 0
  bytesReceived = 0
  bytesSent = 0
  connectionsAccepted = 0
  connectionsRejected = 0
  /** The system refused to accept one. */
  acceptsFailed = 0
  /** Disconnected: they sent no ConnectRequest in time. */
  sessionlessDropped = 0
  malformedDropped = 0
  /** Answered with MARSHALLINGERROR. */
  malformedRequests = 0
  unimplemented = 0
  authFailed = 0
  /** Disconnected: authentication is required, and they requested something before. */
  unauthenticatedRefused = 0
  tlsHandshakes = 0
  /** Disconnected: no TLS, a certificate that is not trusted, and the like. */
  tlsHandshakesFailed = 0
  /** Ended, as too many were in progress. */
  tlsHandshakesExceeded = 0
  /** Of the failed ones: the client did not speak TLS. */
  tlsPlainRefused = 0
  /** Disconnected: of all that did not read their replies, they had the most unsent. */
  slowReadersDropped = 0
  /** How often a client had its slice, and others were served first. */
  slicesUsed = 0
  reads = 0
  writes = 0
  eventsSent = 0

  /** One more request with this opcode. */
  requested(op: number): void {
    const slot = opSlot(op)
    this.ops[slot] = (this.ops[slot] as number) + 1
  }
  /** One more reply with this error, which is below 0. */
  failed(errno: number): void {
    const slot = -errno & (ERROR_SLOTS - 1)
    this.errors[slot] = (this.errors[slot] as number) + 1
  }
  /** A read took so long; it stands for `times` of them. */
  answeredRead(ms: number, times: number): void {
    this.latency.record(ms, times)
    this.readLatency.observe(ms, times)
  }
  answeredWrite(ms: number): void {
    this.latency.record(ms)
    this.updates.record(ms)
    this.updateLatency.observe(ms)
  }

  /** srst resets these. */
  reset(): void {
    this.latency.reset()
    this.updates.reset()
    this.packetsReceived = 0
    this.packetsSent = 0
  }
}
