/**
 * The change feed over the wire: pages are pulled on a connection of its own, and after its end on that to another server,
 * from the position of the last record. Line: connection → here → client-changes. Source of the form: record/changes.
 */
import { backoffMs } from '../../base/backoff.ts'
import { pause } from '../../base/pause.ts'
import type { ChangeRecord } from '../../model/change.ts'
import { ChangesError, ZnodeError } from '../../model/errors.ts'
import {
  CHANGES_OP,
  type ChangesPage,
  type ChangesPageRequest,
  readChangesPage,
  writeChangesRequest,
} from '../../protocol/record/changes.ts'
import { orAborted } from '../inbound.ts'
import type { ChangesIdentity, KnownChangesOptions, LinkSink, Transport } from '../transport.ts'
import type { Connection } from './connection.ts'

/** What one request brings at most, and how long it waits for it. */
const PAGE = { bytesMax: 256 * 1024, waitMs: 1_000 } as const

/** What the feed needs of its transport. */
export interface FeedServers extends Pick<Transport, 'clock' | 'logger' | 'pausesMs'> {
  /** How many there are to be tried. */
  readonly serverCount: number
  /** A new session on the next server. @throws {ZnodeError} ZK_CONNECTION_LOSS */
  connect(request: {
    readonly timeoutMs: number
    readonly requestBytesMax: number
    readonly sink: LinkSink
    readonly signal: AbortSignal
  }): Promise<Connection>
}

export class WireFeed {
  readonly #servers: FeedServers
  readonly #options: KnownChangesOptions
  readonly #identity: ChangesIdentity
  #connection: Connection | undefined
  /** undefined: nothing was delivered that can be resumed. */
  #position: string | undefined
  /** Some pages of a snapshot were delivered, and its end was not: no other connection can continue it. */
  #isWithinSnapshot = false
  /** The next request opens the feed of its connection. */
  #begins = true
  /** Servers in turn that do not have what comes next. */
  #goneCount = 0
  #cancelPing = (): void => {}

  constructor(servers: FeedServers, options: KnownChangesOptions, identity: ChangesIdentity) {
    this.#servers = servers
    this.#options = options
    this.#identity = identity
    this.#position = options.from
  }

  async *records(): AsyncGenerator<ChangeRecord, undefined, undefined> {
    const { signal } = this.#options
    try {
      for (let failures = 0; !signal.aborted; ) {
        const page = await this.#page()
        if (page === undefined) {
          await this.#pause(++failures)
          continue
        }
        failures = 0
        for (const record of page.records) {
          if (signal.aborted) return undefined
          this.#delivers(record)
          yield record
        }
        this.#ends(page)
      }
    } finally {
      this.#leave()
    }
    return undefined
  }

  /** undefined: there is no connection any more, or no time. @throws {ZnodeError} the server refuses the request */
  async #page(): Promise<ChangesPage | undefined> {
    const { signal, prefix, withoutData, withSessions } = this.#options
    try {
      this.#connection ??= await this.#connect()
      const from = this.#position ?? ''
      const wanted = { begins: this.#begins, from, prefix, withoutData, withSessions }
      const request: ChangesPageRequest = { ...wanted, ...PAGE }
      const page = this.#connection.exchange(
        CHANGES_OP,
        (writer) => writeChangesRequest(writer, request),
        readChangesPage,
      )
      this.#begins = false
      return await orAborted(page, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      this.#leave()
      if (!(error instanceof ZnodeError && error.code === 'ZK_CONNECTION_LOSS')) throw error
      if (this.#isWithinSnapshot)
        throw gone('the snapshot cannot be continued: its connection ended')
      return undefined
    }
  }

  async #connect(): Promise<Connection> {
    const { signal } = this.#options
    const { timeoutMs, requestBytesMax, auths } = this.#identity
    const sink: LinkSink = { reply() {}, event() {}, ended() {} }
    const connection = await this.#servers.connect({ timeoutMs, requestBytesMax, sink, signal })
    this.#begins = true
    try {
      const proofs = auths().map(({ scheme, auth }) => connection.authenticate(scheme, auth))
      await orAborted(Promise.all(proofs), signal)
    } catch (error) {
      end(connection)
      throw error
    }
    this.#pingLater(connection)
    return connection
  }

  /** While the consumer is busy nothing else is sent. */
  #pingLater(connection: Connection): void {
    this.#cancelPing()
    this.#cancelPing = this.#servers.clock.after(connection.timeoutMs / 3, () => {
      connection.ping()
      this.#pingLater(connection)
    })
  }

  #delivers(record: ChangeRecord): void {
    this.#goneCount = 0
    this.#isWithinSnapshot = record.kind === 'snapshot'
    if (record.kind !== 'snapshot') this.#position = record.position
  }

  /** Another server may have kept what this one has not. */
  #ends({ end: reason }: ChangesPage): void {
    if (reason === undefined) return
    this.#leave()
    this.#goneCount++
    const { code, message, position, oldestZxid } = reason
    const isElsewhere = code === 'CHANGES_GONE' && this.#goneCount < this.#servers.serverCount
    if (isElsewhere && !this.#isWithinSnapshot) {
      this.#servers.logger.info(
        { position, reason: message },
        'change feed tried on another server',
      )
      return
    }
    throw new ChangesError(code, message, { position, oldestZxid })
  }

  #pause(failures: number): Promise<void> {
    const { clock, pausesMs } = this.#servers
    const range = { firstMs: pausesMs.least, maxMs: pausesMs.most }
    const ms = failures === 1 ? pausesMs.first : backoffMs(failures - 1, range)
    return pause(clock, ms, this.#options.signal)
  }

  #leave(): void {
    this.#cancelPing()
    if (this.#connection !== undefined) end(this.#connection)
    this.#connection = undefined
  }
}

/** The session of a feed has nothing that should outlive it. */
function end(connection: Connection): void {
  connection.send({ type: 'closeSession' }, 0)
}

function gone(message: string): ChangesError {
  return new ChangesError('CHANGES_GONE', message, { position: undefined, oldestZxid: undefined })
}
