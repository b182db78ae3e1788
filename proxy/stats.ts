/** Counters of the server and of each connection: srvr, stat, mntr and cons print them. */

export class Latency {
  count = 0
  totalMs = 0
  minMs = 0
  maxMs = 0

  record(ms: number): void {
    if (this.count === 0 || ms < this.minMs) this.minMs = ms
    if (ms > this.maxMs) this.maxMs = ms
    this.count++
    this.totalMs += ms
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
  readonly latency = new Latency()
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

  /** srst resets these. */
  reset(): void {
    this.latency.reset()
    this.packetsReceived = 0
    this.packetsSent = 0
  }
}
