/**
 * A ZooKeeper client in the simulation, through wire bytes: it pings, leaves a silent proxy, comes back
 * to another with its session and its watches, and opens a new session when the old one is gone.
 * What it asks comes from a workload; what happens goes into the history.
 */
import { framed } from '../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../lib/protocol/jute/reader.ts'
import { decodeConnectResponse } from '../../../lib/protocol/record/connect-response.ts'
import { decodeReplyHeader } from '../../../lib/protocol/record/reply-header.ts'
import { decodeWatcherEvent } from '../../../lib/protocol/record/watcher-event.ts'
import { XID } from '../../../lib/protocol/wire/opcodes.ts'
import { connectBody } from '../../support/raw-client.ts'
import { unpackReply } from '../../support/raw-codec.ts'
import type { SimProxy } from '../proxy/sim-proxy.ts'
import type { Network } from '../world/network.ts'
import { SeededRandom } from '../world/seeded-random.ts'
import { SimNode } from '../world/sim-node.ts'
import { type SimSocket, socketPair } from '../world/sim-socket.ts'
import type { World } from '../world/world.ts'
import { ClientWatches } from './client-watches.ts'
import type { Asked, ConnectionHistory, History, SessionHistory } from './history.ts'
import { encode, opcodeOf, type SimRequest } from './requests.ts'

/** Chooses what to ask next. Several requests are sent together. */
export interface Workload {
  next(client: SimClient): readonly SimRequest[]
}

export interface SimClientOptions {
  readonly world: World
  readonly network: Network
  readonly proxies: readonly SimProxy[]
  readonly history: History
  readonly name: string
  readonly stream: number
  readonly workload: Workload
  readonly timeoutMs: number
  /** Between two rounds of requests, on average. Unit ms. */
  readonly thinkMs: number
  /** Requests on their way at most. */
  readonly depthMax: number
}

interface Live {
  readonly socket: SimSocket
  readonly history: ConnectionHistory
  input: Buffer
  isOpen: boolean
  readonly pending: Asked[]
  /** Simulated ms. */
  sentMs: number
  heardMs: number
}

export class SimClient {
  readonly node: SimNode
  readonly random: SeededRandom
  readonly name: string
  /** It asks for nothing new, but lives on. */
  isQuiet = false
  session: SessionHistory | undefined
  readonly #o: SimClientOptions
  readonly #watches = new ClientWatches()
  #password: Uint8Array = Buffer.alloc(16)
  #seenZxid = 0
  #live: Live | undefined
  #xid = 0
  #at = 0
  #isOver = false
  #data = 0

  constructor(options: SimClientOptions) {
    this.#o = options
    this.name = options.name
    this.node = new SimNode(options.world, options.name)
    this.random = new SeededRandom(options.world.seed, options.stream)
    this.#at = this.random.below(options.proxies.length)
  }

  start(delayMs: number): void {
    this.#after(delayMs, 'start', () => this.#connect())
    this.#after(delayMs + this.#thinkMs(), 'think', () => this.#think())
    this.#after(delayMs + 100, 'look', () => this.#look())
  }

  /** Its process is killed: the session dies by itself. */
  kill(): void {
    this.#isOver = true
    this.node.kill()
    this.#live?.socket.lost()
    this.#live = undefined
  }

  /** Data that no other write has. */
  freshData(): string {
    return `${this.name}.${++this.#data}`
  }

  get isConnected(): boolean {
    return this.#live?.isOpen === true
  }

  /** undefined: there is no connection, or too much is on its way. */
  ask(request: SimRequest, behindSync?: Asked): Asked | undefined {
    const live = this.#live
    const { session } = this
    if (live === undefined || !live.isOpen || session === undefined) return undefined
    const { history, world } = this.#o
    const xid = request.type === 'ping' ? -2 : request.type === 'setWatches' ? -8 : ++this.#xid
    const asked: Asked = {
      client: this.name,
      session,
      connection: live.history,
      xid,
      request,
      callMs: world.nowMs,
      behindSync,
      reply: undefined,
    }
    if (request.type === 'close') session.closeCalledMs ??= world.nowMs
    history.asked.push(asked)
    live.history.asked.push(asked)
    live.pending.push(asked)
    live.sentMs = world.nowMs
    session.sentMs = world.nowMs
    world.trace.note(world.nowMs, this.name, () => `asks ${xid} ${JSON.stringify(request)}`)
    live.socket.write(framed(encode(xid, request)))
    return asked
  }

  #after(delayMs: number, what: string, run: () => void): void {
    this.#o.world.after(this.node, delayMs, what, run)
  }

  #thinkMs(): number {
    return this.#o.thinkMs * (0.1 + 1.8 * this.random.fraction())
  }

  #think(): void {
    const { workload, depthMax } = this.#o
    const live = this.#live
    if (!this.isQuiet && live?.isOpen === true && live.pending.length < depthMax) {
      let sync: Asked | undefined
      for (const request of workload.next(this)) {
        const asked = this.ask(request, request.type === 'get' ? sync : undefined)
        sync = request.type === 'sync' ? asked : undefined
      }
    }
    this.#after(this.#thinkMs(), 'think', () => this.#think())
  }

  /** Much together, however much is in flight already. */
  crowd(rounds: number): void {
    this.#after(0, 'crowd', () => {
      if (this.#live?.isOpen !== true) return
      for (let i = 0; i < rounds; i++)
        for (const request of this.#o.workload.next(this)) this.ask(request)
    })
  }

  /** Pings, and leaves a proxy that says nothing. */
  #look(): void {
    const live = this.#live
    const { timeoutMs, world } = this.#o
    if (live !== undefined) {
      const silentMs = world.nowMs - live.heardMs
      if (silentMs > (timeoutMs * 2) / 3) {
        live.history.silentMs = world.nowMs
        this.#leave(live)
      } else if (live.isOpen && world.nowMs - live.sentMs > timeoutMs / 3) {
        this.ask({ type: 'ping' })
      }
    }
    this.#after(timeoutMs / 12, 'look', () => this.#look())
  }

  #leave(live: Live): void {
    live.socket.destroy()
    this.#ended(live)
  }

  #ended(live: Live): void {
    if (this.#live !== live) return
    this.#live = undefined
    live.history.endedMs = this.#o.world.nowMs
    if (this.#isOver) return
    this.#at = (this.#at + 1 + this.random.below(2)) % this.#o.proxies.length
    this.#after(this.random.between(5, 400), 'reconnect', () => this.#connect())
  }

  #connect(): void {
    const { world, network, proxies, timeoutMs } = this.#o
    if (this.#live !== undefined) return
    const proxy = proxies[this.#at % proxies.length] as SimProxy
    const { client, server } = socketPair(network, this.node, proxy.node, ++this.#xid)
    const live: Live = {
      socket: client,
      history: {
        proxy: proxy.node.name,
        openedMs: world.nowMs,
        keeper: undefined,
        greetedMs: Number.POSITIVE_INFINITY,
        entries: [],
        asked: [],
        seenBefore: this.#seenZxid,
        endedMs: undefined,
        arrivedMs: [],
      },
      input: Buffer.alloc(0),
      isOpen: false,
      pending: [],
      sentMs: world.nowMs,
      heardMs: world.nowMs,
    }
    this.#live = live
    server.onArrival = (dueMs) => live.history.arrivedMs.push(dueMs)
    client.on('data', (bytes: Buffer) => this.#data_(live, bytes))
    client.on('close', () => this.#ended(live))
    client.open(() => {
      live.history.keeper = proxy.keeper?.proxy
      if (proxy.isListening) proxy.connect(server)
      else server.destroy()
    })
    if (this.session !== undefined) this.session.sentMs = world.nowMs
    client.write(
      framed(
        connectBody({
          timeoutMs,
          lastZxidSeen: this.#seenZxid,
          sessionId: this.session?.id ?? 0n,
          password: this.#password,
          readOnly: false,
        }),
      ),
    )
  }

  #data_(live: Live, bytes: Buffer): void {
    if (this.#live !== live) return
    live.heardMs = this.#o.world.nowMs
    live.input = Buffer.concat([live.input, bytes])
    while (live.input.length >= 4 && this.#live === live) {
      const end = 4 + live.input.readInt32BE(0)
      if (live.input.length < end) return
      const body = live.input.subarray(4, end)
      live.input = live.input.subarray(end)
      if (live.isOpen) this.#packet(live, body)
      else this.#greeted(live, body)
    }
  }

  #greeted(live: Live, body: Buffer): void {
    const { history, world } = this.#o
    const response = decodeConnectResponse(JuteReader.of(body))
    const { timeoutMs, sessionId: id } = response
    const password = Buffer.from(response.password)
    world.trace.note(world.nowMs, this.name, () => `greeted: ${id.toString(16)}, ${timeoutMs} ms`)
    if (timeoutMs === 0) {
      this.#sessionOver('expired')
      this.#leave(live)
      return
    }
    if (this.session === undefined) {
      const { nowMs } = world
      const { name: client } = this
      this.session = {
        client,
        id,
        timeoutMs,
        connections: [],
        closeCalledMs: undefined,
        expiredMs: undefined,
        answeredSentMs: live.sentMs,
        sentMs: nowMs,
      }
      this.#password = password
      history.sessions.push(this.session)
    } else this.session.answeredSentMs = live.sentMs
    this.session.connections.push(live.history)
    live.history.greetedMs = world.nowMs
    live.isOpen = true
    const watches = this.#watches.again(this.#seenZxid)
    if (watches !== undefined) this.ask(watches)
  }

  #sessionOver(how: 'expired' | 'closed'): void {
    if (this.session !== undefined && how === 'expired') {
      this.session.expiredMs = this.#o.world.nowMs
    }
    this.session = undefined
    this.#password = Buffer.alloc(16)
    this.#watches.clear()
    this.#seenZxid = 0
  }

  #packet(live: Live, body: Buffer): void {
    const { world } = this.#o
    const reader = JuteReader.of(body)
    const { xid, zxid, errno: err } = decodeReplyHeader(reader)
    const atMs = world.nowMs
    if (xid === XID.notification) {
      const event = decodeWatcherEvent(reader)
      const { type } = event
      const path = event.path ?? ''
      world.trace.note(atMs, this.name, () => `event ${type} ${path}`)
      live.history.entries.push({ kind: 'event', atMs, type, path })
      this.#watches.fired(type, path)
      return
    }
    const asked = live.pending.shift()
    if (asked === undefined) throw new Error(`${this.name}: a reply to nothing, xid ${xid}`)
    if (asked.xid !== xid) {
      // Told by the laws, not here; what follows cannot be matched any more.
      live.history.entries.push({ kind: 'reply', asked: { ...asked, xid: -1000 - xid } })
      this.#leave(live)
      return
    }
    const record = unpackReply(opcodeOf(asked.request), body)
    const reply = { atMs, zxid, err, record }
    asked.reply = reply
    asked.session.answeredSentMs = Math.max(asked.session.answeredSentMs, asked.callMs)
    live.history.entries.push({ kind: 'reply', asked })
    this.#seenZxid = Math.max(this.#seenZxid, zxid)
    world.trace.note(atMs, this.name, () => `answer ${xid} zxid ${zxid} err ${err}`)
    this.#watches.answered(asked.request, reply)
    if (asked.request.type === 'close' && err === 0) {
      this.#sessionOver('closed')
      this.#leave(live)
    }
  }
}
