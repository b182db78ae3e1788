/**
 * A client of a member whose replies, events and ends arrive when the test says so: each order in which a reply and an
 * end can come is played, down to the microtask. Neighbours: end-races, liveness-bench.
 */
import { captureTrace } from '../../lib/client/call-trace.ts'
import { Caller } from '../../lib/client/caller.ts'
import { checkClientOptions } from '../../lib/client/client-options.ts'
import { ClientSession } from '../../lib/client/client-session.ts'
import { MemberTransport } from '../../lib/client/member-transport.ts'
import type {
  ClientRequest,
  KnownChangesOptions,
  Link,
  LinkEnd,
  LinkSink,
  OpenRequest,
  ResumeRequest,
  Transport,
} from '../../lib/client/transport.ts'
import type { ChangeRecord, ClientOptions, Keeper } from '../../lib/index.ts'
import { ZooKeeper } from '../../lib/index.ts'

/** Replies to them are no reply to a call. */
const OWN_REQUESTS = new Set(['setWatches', 'sync'])
const NEVER = Number.POSITIVE_INFINITY

export class GatedTransport implements Transport {
  readonly #inner: MemberTransport
  #link: GatedLink | undefined
  /** Replies that still pass. */
  #passing = NEVER
  #countsEvents = false
  #held: (() => void)[] = []
  #isCut = false

  constructor(keeper: Keeper) {
    this.#inner = new MemberTransport(keeper)
  }

  /** `before` more replies pass, and with `events` these count too; what comes behind them is held. */
  holdFrom(before: number, { events = false }: { readonly events?: boolean } = {}): void {
    this.#passing = before
    this.#countsEvents = events
  }

  get isHolding(): boolean {
    return this.#held.length > 0
  }

  /** What is held arrives now, and all that follows when it comes. */
  release(): void {
    this.#passing = NEVER
    for (const deliver of this.#held.splice(0)) deliver()
  }

  /** The link ends now: `expired`, as the server's verdict; `away`: it can be resumed. */
  end(reason: Extract<LinkEnd, 'expired' | 'away'>): void {
    this.#link?.endWith(reason)
  }

  /** No server can be reached until mend(): the link ends, and nothing is known of the session, which lives on. */
  cut(): void {
    this.#isCut = true
    this.#link?.forget()
    this.end('away')
  }

  mend(): void {
    this.#isCut = false
  }

  /** As from a client that is alive. */
  ping(): void {
    this.#link?.ping()
  }

  /** The session ends at the server, and the client does not know it. */
  endAtServer(): void {
    this.#link?.endAtServer()
  }

  arrived(deliver: () => void, kind: 'reply' | 'event' | 'other'): void {
    const isReply = kind === 'reply' || (kind === 'event' && this.#countsEvents)
    if (this.#held.length === 0 && (this.#passing > 0 || !isReply)) {
      if (isReply) this.#passing -= 1
      return deliver()
    }
    this.#held.push(deliver)
  }

  get clock() {
    return this.#inner.clock
  }
  get logger() {
    return this.#inner.logger
  }
  get isClosed(): boolean {
    return this.#inner.isClosed
  }
  get isReady(): boolean {
    return this.#inner.isReady && !this.#isCut
  }
  get pausesMs() {
    return this.#inner.pausesMs
  }

  async open(request: OpenRequest): Promise<Link> {
    const sink = new GatedSink(this, request.sink)
    return this.#gated(await this.#inner.open({ ...request, sink }), sink)
  }

  async resume(request: ResumeRequest): Promise<Link | undefined> {
    const sink = new GatedSink(this, request.sink)
    const link = await this.#inner.resume({ ...request, sink })
    return link && this.#gated(link, sink)
  }

  #gated(link: Link, sink: GatedSink): Link {
    this.#link = new GatedLink(link, sink)
    return this.#link
  }

  /** Each record of it is an event. */
  async *changes(options: KnownChangesOptions): AsyncGenerator<ChangeRecord> {
    for await (const record of this.#inner.changes(options)) {
      await new Promise<void>((resolve) => this.arrived(resolve, 'event'))
      yield record
    }
  }
  close(): Promise<void> {
    return this.#inner.close()
  }
}

class GatedSink implements LinkSink {
  readonly #gate: GatedTransport
  readonly #sink: LinkSink
  /** Of requests of the session itself. */
  readonly uncounted = new Set<number>()
  isEnded = false
  /** Its end is the test's to deliver. */
  isSilent = false

  constructor(gate: GatedTransport, sink: LinkSink) {
    this.#gate = gate
    this.#sink = sink
  }

  reply(...args: Parameters<LinkSink['reply']>): void {
    if (this.isEnded) return
    const kind = this.uncounted.has(args[0]) ? 'other' : 'reply'
    this.#gate.arrived(() => !this.isEnded && this.#sink.reply(...args), kind)
  }
  event(...args: Parameters<LinkSink['event']>): void {
    if (this.isEnded) return
    this.#gate.arrived(() => !this.isEnded && this.#sink.event(...args), 'event')
  }
  ended(reason: LinkEnd): void {
    if (this.isEnded || this.isSilent) return
    this.#gate.arrived(() => this.endWith(reason), 'other')
  }
  endWith(reason: LinkEnd): void {
    if (this.isEnded) return
    this.isEnded = true
    this.#sink.ended(reason)
  }
}

class GatedLink implements Link {
  readonly #link: Link
  readonly #sink: GatedSink
  #knownMs: number | undefined

  constructor(link: Link, sink: GatedSink) {
    this.#link = link
    this.#sink = sink
  }

  get sessionId() {
    return this.#link.sessionId
  }
  get password() {
    return this.#link.password
  }
  get timeoutMs() {
    return this.#link.timeoutMs
  }
  get isReadOnly() {
    return this.#link.isReadOnly
  }
  get aliveMs() {
    return this.#knownMs ?? this.#link.aliveMs
  }
  get isInDoubt() {
    return this.#link.isInDoubt
  }
  send(request: ClientRequest, tag: number): void {
    if (OWN_REQUESTS.has(request.type)) this.#sink.uncounted.add(tag)
    this.#link.send(request, tag)
  }
  authenticate(scheme: string, auth: Uint8Array): Promise<void> {
    return this.#link.authenticate(scheme, auth)
  }
  ping(): void {
    this.#link.ping()
  }
  drop(): void {
    this.#link.drop()
  }
  forget(): void {
    this.#knownMs = this.#link.aliveMs
  }
  endWith(reason: LinkEnd): void {
    this.#sink.endWith(reason)
  }
  endAtServer(): void {
    this.#sink.isSilent = true
    this.#sink.uncounted.add(0)
    this.#link.send({ type: 'closeSession' }, 0)
  }
}

export interface GatedClient {
  readonly client: ZooKeeper
  readonly gate: GatedTransport
}

/** Opens a client on the member. */
export async function openGated(keeper: Keeper, options: ClientOptions = {}): Promise<GatedClient> {
  const gate = new GatedTransport(keeper)
  const known = checkClientOptions(options)
  const session = await ClientSession.open(gate, known, captureTrace(openGated))
  return { client: new ZooKeeper(new Caller(session)), gate }
}
