/** A server of one connection at a time that says what a test tells it to, to clients that are well-behaved. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Request } from '../../lib/internal.ts'
import { FrameSplitter } from '../../lib/protocol/frame.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import { JuteWriter } from '../../lib/protocol/jute/writer.ts'
import {
  type ConnectRequest,
  decodeConnectRequest,
} from '../../lib/protocol/record/connect-request.ts'
import { encodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import { decodeRequestHeader } from '../../lib/protocol/record/request-header.ts'
import { decodeRequest } from '../../lib/protocol/wire/decode-request.ts'
import { encodeReply } from '../../lib/protocol/wire/encode-reply.ts'

/** Of what a sync is answered with. */
const SYNC_ZXID = 70

export interface Received {
  readonly xid: number
  readonly request: Request | undefined
}

/** One connection: what its client sent, and a way to answer. */
export class ScriptedConnection {
  readonly hello: ConnectRequest
  readonly received: Received[] = []
  readonly socket: Socket
  readonly #writer = new JuteWriter()

  constructor(hello: ConnectRequest, socket: Socket) {
    this.hello = hello
    this.socket = socket
  }

  /** Sends what `encode` appends. */
  send(encode: (writer: JuteWriter) => void): void {
    encode(this.#writer)
    const bytes = this.#writer.take()
    if (bytes !== null) this.socket.write(bytes)
  }
}

/** `onRequest`: called with each request; closing ones are answered by the end of the connection. */
export async function startScriptedServer(
  onRequest: (connection: ScriptedConnection, received: Received, count: number) => void,
): Promise<{ readonly url: string; readonly connections: ScriptedConnection[]; stop(): void }> {
  const connections: ScriptedConnection[] = []
  const server = createServer((socket) => {
    let connection: ScriptedConnection | undefined
    const splitter = new FrameSplitter({
      frameBytesMax: 2 ** 20,
      onFrame: (buffer, start, end) => {
        const reader = new JuteReader().reset(buffer, start, end)
        if (connection === undefined) {
          connection = new ScriptedConnection(decodeConnectRequest(reader), socket)
          connections.push(connection)
          connection.send((writer) =>
            encodeConnectResponse(writer, {
              timeoutMs: 4_000,
              sessionId: 0x77n,
              password: Buffer.alloc(16, 1),
              readOnly: false,
              hasReadOnly: true,
            }),
          )
          return
        }
        const { xid, op } = decodeRequestHeader(reader)
        const received = { xid, request: decodeRequest(op, reader) }
        connection.received.push(received)
        const { request } = received
        if (request?.type === 'closeSession') socket.end()
        else if (request?.type === 'sync') {
          const { path } = request
          connection.send((writer) => encodeReply(writer, xid, SYNC_ZXID, { type: 'path', path }))
        } else onRequest(connection, received, connections.length)
      },
    })
    socket.on('data', (chunk: Buffer) => splitter.push(chunk))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `zk://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections,
    stop() {
      server.close()
      for (const { socket } of connections) socket.destroy()
    },
  }
}
