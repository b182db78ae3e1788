/**
 * One end of a simulated TCP connection: as much of net.Socket as proxy/connection uses. Bytes come
 * in order; a link that is held keeps them; the end of a process is seen by the other side.
 */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Network } from './network.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

export class SimSocket extends EventEmitter {
  readonly node: SimNode
  readonly remoteAddress: string
  readonly remotePort: number
  peer!: SimSocket
  /**
   * Told of bytes that reached the machine at `dueMs`, while the connection was there: late where the process was
   * stopped, and also where it has ended the connection since without reading them.
   */
  onArrival: ((dueMs: number) => void) | undefined
  destroyed = false
  writableEnded = false
  /** The kernel takes everything. */
  readonly writableLength = 0
  readonly #network: Network
  readonly #world: World
  readonly #stream = { lastMs: 0 }
  #isPaused = false
  #destroyedMs = Number.POSITIVE_INFINITY
  /** What came while nobody read. */
  #unread: (() => void)[] = []

  constructor(network: Network, node: SimNode, remote: { address: string; port: number }) {
    super()
    this.#network = network
    this.#world = node.world
    this.node = node
    this.remoteAddress = remote.address
    this.remotePort = remote.port
  }

  /** As proxy/connection takes it. */
  asSocket(): Socket {
    return this as unknown as Socket
  }

  /** The first packet: what was written since comes after it. */
  open(accept: () => void): void {
    this.#send(`connect from ${this.node.name}`, accept)
  }

  write(bytes: Uint8Array): boolean {
    if (this.destroyed || this.writableEnded) return false
    const copy = Buffer.from(bytes)
    this.#world.trace.bytes(copy)
    const { peer } = this
    this.#send(`${copy.length} bytes from ${this.node.name}`, (dueMs) => peer.#arrived(copy, dueMs))
    return true
  }

  end(bytes?: Uint8Array | string, done?: () => void): this {
    if (bytes !== undefined) this.write(Buffer.from(bytes as string))
    this.destroySoon()
    done?.()
    return this
  }

  pause(): this {
    this.#isPaused = true
    return this
  }

  resume(): this {
    if (!this.#isPaused) return this
    this.#isPaused = false
    if (this.#unread.length > 0) {
      this.#world.input(this.node, this.#world.nowMs, 'unread', () => this.#readOn())
    }
    return this
  }

  #readOn(): void {
    while (!this.#isPaused) {
      const next = this.#unread.shift()
      if (next === undefined) return
      next()
    }
  }

  /** What was written arrives, then the end. */
  destroySoon(): void {
    this.destroy()
  }

  destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.#destroyedMs = this.#world.nowMs
    this.writableEnded = true
    const { peer } = this
    this.#send(`close from ${this.node.name}`, () => peer.#ended())
    this.#world.input(this.node, this.#world.nowMs, 'closed', () => this.emit('close'))
    return this
  }

  /** Its process is gone: the kernel says so to the other side, if the link lets it. */
  lost(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.#destroyedMs = this.#world.nowMs
    this.writableEnded = true
    const { peer } = this
    this.#send(`reset from ${this.node.name}`, () => peer.#ended())
  }

  #send(what: string, run: (dueMs: number) => void): void {
    this.#network.sendInOrder(this.node, this.peer.node, this.#stream, what, run)
  }

  #arrived(bytes: Buffer, dueMs: number): void {
    if (!this.destroyed || dueMs < this.#destroyedMs) this.onArrival?.(dueMs)
    this.#read(() => this.emit('data', bytes))
  }

  #ended(): void {
    this.#read(() => {
      if (this.destroyed) return
      this.destroyed = true
      this.#destroyedMs = this.#world.nowMs
      this.writableEnded = true
      this.emit('end')
      this.emit('close')
    })
  }

  #read(what: () => void): void {
    if (this.destroyed) return
    this.#unread.push(what)
    this.#readOn()
  }
}

/** Both ends of a new connection. */
export function socketPair(
  network: Network,
  client: SimNode,
  server: SimNode,
  port: number,
): { client: SimSocket; server: SimSocket } {
  const there = new SimSocket(network, client, { address: '10.0.0.1', port: 2181 })
  const here = new SimSocket(network, server, { address: `10.1.0.${client.name.length}`, port })
  there.peer = here
  here.peer = there
  return { client: there, server: here }
}
