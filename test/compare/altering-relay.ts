/** A man in the middle: relays a ZooKeeper connection and alters what the server says. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** `op` is what the client asked; −1 for an event. Returns the frame or frames to send instead,
 *  or undefined for none at all. Frames are without their length. */
export type Alter = (op: number, frame: Buffer) => Buffer | readonly Buffer[] | undefined

const OP_EVENT = -1

export class AlteringRelay {
  /** Changes nothing unless set. */
  alter: Alter = (_op, frame) => frame
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#relay(client, connect({ ...target })))
  }

  static async start(target: { host: string; port: number }): Promise<AlteringRelay> {
    const relay = new AlteringRelay(target)
    await new Promise<void>((resolve) => relay.#server.listen(0, '127.0.0.1', resolve))
    return relay
  }

  get connectString(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #relay(client: Socket, server: Socket): void {
    const ops = new Map<number, number>()
    let isGreeted = false
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroySoon()
      })
    }
    let isFirst = true
    onFrames(client, (frame) => {
      if (!isFirst) ops.set(frame.readInt32BE(0), frame.readInt32BE(4))
      isFirst = false
      send(server, frame)
    })
    onFrames(server, (frame) => {
      const xid = frame.readInt32BE(0)
      const altered = isGreeted
        ? this.alter(xid === OP_EVENT ? OP_EVENT : (ops.get(xid) ?? 0), frame)
        : frame
      isGreeted = true
      const frames: readonly Buffer[] = Buffer.isBuffer(altered) ? [altered] : (altered ?? [])
      for (const one of frames) send(client, one)
    })
  }
}

function onFrames(socket: Socket, handle: (frame: Buffer) => void): void {
  let input: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    input = Buffer.concat([input, chunk])
    while (input.length >= 4 && input.length >= 4 + input.readInt32BE(0)) {
      const end = 4 + input.readInt32BE(0)
      const frame = Buffer.from(input.subarray(4, end))
      input = input.subarray(end)
      handle(frame)
    }
  })
}

function send(socket: Socket, frame: Buffer): void {
  const length = Buffer.alloc(4)
  length.writeInt32BE(frame.length)
  socket.write(Buffer.concat([length, frame]))
}
