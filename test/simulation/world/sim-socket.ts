/**
 * One end of a simulated TCP connection: as much of net.Socket as proxy/connection uses. Bytes come
 * in order; a link that is held keeps them, and then the kernel takes no more; the end of a process is seen
 * by the other side.
 */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Network } from './network.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** What is on its way of one end, and what of it a process may leave to its kernel. Unit bytes. */
export interface SendBuffer {
  /** While so many have not reached the other process, the kernel takes no more. */
  readonly kernelBytes: number
  /** write() answers false, and a drain follows, when so many wait in the process. */
  readonly highWaterMark: number
}

const ENDLESS: SendBuffer = {
  kernelBytes: Number.POSITIVE_INFINITY,
  highWaterMark: Number.POSITIVE_INFINITY,
}

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
  sendBuffer = ENDLESS
  /** All that was written. */
  bytesWritten = 0
  /** Of that, what the kernel has not taken. */
  writableLength = 0
  readonly #network: Network
  readonly #world: World
  readonly #stream = { lastMs: 0 }
  #isPaused = false
  #destroyedMs = Number.POSITIVE_INFINITY
  /** What the kernel has not taken, and whether an end follows it. */
  #unsent: { readonly bytes: Buffer; readonly done: (() => void) | undefined }[] = []
  #needsDrain = false
  #endsSoon = false
  /** Of what the kernel took, what the other process has not read. */
  #kernelBytes = 0
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

  /** @returns false: a drain follows when the kernel has all of it. `done`: the kernel has these bytes. */
  write(bytes: Uint8Array, done?: () => void): boolean {
    if (this.destroyed || this.writableEnded) return false
    const copy = Buffer.from(bytes)
    this.#world.trace.bytes(copy)
    this.bytesWritten += copy.length
    if (this.#unsent.length === 0 && this.#hasRoom) {
      this.#toKernel(copy)
      if (done !== undefined) queueMicrotask(done)
      return true
    }
    this.#unsent.push({ bytes: copy, done })
    this.writableLength += copy.length
    this.#needsDrain ||= this.writableLength >= this.sendBuffer.highWaterMark
    return !this.#needsDrain
  }

  get #hasRoom(): boolean {
    return this.#kernelBytes < this.sendBuffer.kernelBytes
  }

  #toKernel(bytes: Buffer): void {
    const { peer } = this
    this.#kernelBytes += bytes.length
    this.#send(`${bytes.length} bytes from ${this.node.name}`, (dueMs) => {
      this.#taken(bytes.length)
      peer.#arrived(bytes, dueMs)
    })
  }

  #taken(bytes: number): void {
    this.#kernelBytes -= bytes
    if (this.#unsent.length === 0) return
    this.#world.input(this.node, this.#world.nowMs, 'writable', () => this.#writeOn())
  }

  #writeOn(): void {
    while (!this.destroyed && this.#hasRoom) {
      const next = this.#unsent.shift()
      if (next === undefined) break
      this.writableLength -= next.bytes.length
      if (next.bytes.length > 0) this.#toKernel(next.bytes)
      next.done?.()
    }
    if (this.#unsent.length > 0 || this.destroyed) return
    if (this.#needsDrain) {
      this.#needsDrain = false
      this.emit('drain')
    }
    if (this.#endsSoon) this.destroy()
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
    this.writableEnded = true
    if (this.#unsent.length === 0) this.destroy()
    else this.#endsSoon = true
  }

  destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.#destroyedMs = this.#world.nowMs
    this.writableEnded = true
    this.#unsent = []
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
    this.#unsent = []
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
      this.#unsent = []
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
