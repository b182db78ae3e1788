/** A server of ZooKeeper's protocol that does what a test says: answers in part, wrongly, late or not. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { FrameSplitter, frameOf } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import {
  type ConnectRequest,
  decodeConnectRequest,
} from '../../lib/protocol/record/connect-request.ts'
import { encodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import { encodeReplyHeader } from '../../lib/protocol/record/reply-header.ts'
import { encodeWatcherEvent } from '../../lib/protocol/record/watcher-event.ts'

const TIMEOUT_MS = 4_000

/** One connection of a client. */
export class HostileConnection {
  readonly socket: Socket
  /** What the client greeted with. */
  greeting: ConnectRequest | undefined

  constructor(socket: Socket) {
    this.socket = socket
  }

  welcome(timeoutMs = TIMEOUT_MS, sessionId = 1n): void {
    const response = {
      timeoutMs,
      sessionId,
      password: new Uint8Array(16),
      readOnly: false,
      hasReadOnly: true,
    }
    this.socket.write(frameOf((writer) => encodeConnectResponse(writer, response)))
  }

  /** A reply without a record, or with one that is a number. */
  reply(xid: number, errno = 0, record?: number, zxid = 1): void {
    this.socket.write(
      frameOf((writer) => {
        writer.begin()
        encodeReplyHeader(writer, xid, zxid, errno)
        if (record !== undefined) writer.int(record)
        writer.end()
      }),
    )
  }

  event(type: number, path: string): void {
    this.socket.write(
      frameOf((writer) => {
        writer.begin()
        encodeReplyHeader(writer, -1, -1, 0)
        encodeWatcherEvent(writer, type, 3, path)
        writer.end()
      }),
    )
  }
}

export interface Script {
  /** @default welcomes it */
  greeted?(connection: HostileConnection): void
  /** It answers sync itself. */
  readonly syncs?: true
  /** @default no answer, but to closeSession, sync and pings */
  requested?(connection: HostileConnection, xid: number, op: number, bytes: number): void
}

const CLOSE_SESSION = -11
const PING = -2
const SYNC = 9

export class HostileServer {
  readonly connections: HostileConnection[] = []
  readonly #server: Server
  readonly #script: Script

  private constructor(script: Script) {
    this.#script = script
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(script: Script): Promise<HostileServer> {
    const server = new HostileServer(script)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `zk://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    const connection = new HostileConnection(socket)
    this.connections.push(connection)
    const splitter = new FrameSplitter({
      frameBytesMax: 64 * 1024 * 1024,
      onFrame: (buffer, start, end) => {
        const reader = new JuteReader().reset(buffer, start, end)
        if (connection.greeting === undefined) {
          connection.greeting = decodeConnectRequest(reader)
          if (this.#script.greeted === undefined) connection.welcome()
          else this.#script.greeted(connection)
          return
        }
        const xid = reader.int()
        const op = reader.int()
        if (this.#script.requested !== undefined) {
          this.#script.requested(connection, xid, op, end - start)
        }
        if (xid === PING) connection.reply(PING)
        // Each connection but the first begins with one. A path of no characters.
        if (op === SYNC && this.#script.syncs !== true) connection.reply(xid, 0, 0)
        if (op === CLOSE_SESSION) {
          connection.reply(xid)
          socket.end()
        }
      },
    })
    socket.on('data', (chunk: Buffer) => splitter.push(chunk))
    socket.on('error', () => {})
  }
}
