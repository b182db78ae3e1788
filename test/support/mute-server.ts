/** A server that opens every session that is asked for, and then says nothing any more. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { FrameSplitter } from '../../lib/protocol/frame.ts'
import { JuteWriter } from '../../lib/protocol/jute/writer.ts'
import { encodeConnectResponse } from '../../lib/protocol/record/connect-response.ts'

export interface MuteServer {
  readonly host: string
  /** Resolves when something has come that gets no answer, a four-letter word also; from this call on. */
  heard(): Promise<void>
  stop(): void
}

/** `timeoutMs`: of the sessions, whatever they ask for. */
export async function startMuteServer(timeoutMs: number): Promise<MuteServer> {
  const sockets = new Set<Socket>()
  let hear = (): void => {}
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let isOpen = false
    const splitter = new FrameSplitter({
      frameBytesMax: 2 ** 20,
      onFrame: () => {
        if (isOpen) return hear()
        isOpen = true
        const writer = new JuteWriter()
        encodeConnectResponse(writer, {
          timeoutMs,
          sessionId: 0x77n,
          password: Buffer.alloc(16, 1),
          readOnly: false,
          hasReadOnly: true,
        })
        socket.write(writer.take() as Uint8Array)
      },
    })
    socket.on('data', (chunk: Buffer) => {
      if (!isOpen && /^[a-z]{4}$/.test(chunk.toString('latin1'))) hear()
      else splitter.push(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () =>
      new Promise((resolve) => {
        hear = resolve
      }),
    stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
