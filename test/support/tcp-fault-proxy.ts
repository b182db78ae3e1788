/** A TCP relay that can hold back either direction, cut every connection, or refuse new ones. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down'

const LOOK_MS = 10

interface Pair {
  readonly client: Socket
  readonly server: Socket
}

export class TcpFaultProxy {
  readonly #server: Server
  #target: { readonly host: string; readonly port: number }
  readonly #pairs = new Set<Pair>()
  readonly #paused = new Set<Direction>()
  #refusing = false
  #stopped = false
  #port = 0
  #downBytes = 0
  #downWaiters: { readonly bytes: number; readonly resolve: () => void }[] = []
  #connections = 0

  private constructor(target: string) {
    this.#target = endpointOf(target)
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#relay(client))
  }

  /** Relays connections to `target`, from a free port of 127.0.0.1. */
  static async start(target: string): Promise<TcpFaultProxy> {
    const proxy = new TcpFaultProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  /** host:port to connect to. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo | null)?.port ?? this.#port}`
  }

  /** Connections accepted so far. */
  get connections(): number {
    return this.#connections
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#pairs.size
  }

  /** Nothing more passes in this direction, on present and future connections; nothing is lost. */
  pause(direction: Direction): void {
    this.#paused.add(direction)
    for (const pair of this.#pairs) source(pair, direction).pause()
  }

  resume(direction: Direction): void {
    this.#paused.delete(direction)
    for (const pair of this.#pairs) source(pair, direction).resume()
  }

  /** Resets every connection; what was held back is lost. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      // Node leaks a handle that is reset while it says goodbye, and then never exits.
      if (client.writableEnded) client.destroy()
      else client.resetAndDestroy()
      server.destroy()
    }
  }

  /** New connections lead to this host:port, as a name does after a failover. */
  redirect(target: string): void {
    this.#target = endpointOf(target)
  }

  /** New connections are refused, as those to a process that is gone; open ones stay. */
  stopListening(): void {
    this.#port = (this.#server.address() as AddressInfo | null)?.port ?? this.#port
    this.#server.close()
  }

  /** Listens where it did, as soon as the target does. Resolves at once when it listens already. */
  async listenAgain(): Promise<void> {
    while (!this.#server.listening && !this.#stopped) {
      if (await accepts(this.#target)) {
        this.#server.listen(this.#port, '127.0.0.1')
        return
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  }

  /** New connections are closed at once. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing
  }

  /** After so many bytes from now on have passed from the server to the client. */
  async passedDown(bytes: number): Promise<void> {
    const until = this.#downBytes + bytes
    await new Promise<void>((resolve) => this.#downWaiters.push({ bytes: until, resolve }))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  #relay(client: Socket): void {
    this.#connections += 1
    if (this.#refusing) {
      client.resetAndDestroy()
      return
    }
    const server = connect({ ...this.#target, allowHalfOpen: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    const drop = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const [from, to, direction] of [
      [client, server, 'up'],
      [server, client, 'down'],
    ] as const) {
      from.on('error', drop)
      from.on('close', drop)
      from.on('end', () => to.end())
      from.on('data', (bytes) => {
        to.write(bytes)
        if (direction === 'down') this.#countDown(bytes.length)
      })
      if (this.#paused.has(direction)) from.pause()
    }
  }

  #countDown(bytes: number): void {
    this.#downBytes += bytes
    const due = this.#downWaiters.filter((waiter) => waiter.bytes <= this.#downBytes)
    this.#downWaiters = this.#downWaiters.filter((waiter) => !due.includes(waiter))
    for (const waiter of due) waiter.resolve()
  }
}

function source(pair: Pair, direction: Direction): Socket {
  return direction === 'up' ? pair.client : pair.server
}

function accepts(target: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(target)
    const end = (isAccepted: boolean): void => {
      socket.destroy()
      resolve(isAccepted)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

function endpointOf(text: string): { host: string; port: number } {
  const [host, port] = text.split(':')
  return { host: host!, port: Number(port) }
}
