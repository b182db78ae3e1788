/** Lets a program under test have its servers killed and started: one order and one answer a line. */
import { createServer, type Server, type Socket } from 'node:net'
import { freePort } from '../support/free-port.ts'

export interface Controlled {
  start(): Promise<unknown>
  /** SIGTERM, data kept. */
  stop(): Promise<unknown>
  /** SIGKILL. */
  kill(): Promise<unknown>
}

const order = /^(start|stop|kill) (\d+)$/

/** Answers `start N`, `stop N` and `kill N` with `ok`, once done, or with what went wrong. */
export class ControlServer {
  readonly #servers: readonly Controlled[]
  readonly #listener: Server
  readonly #sockets = new Set<Socket>()
  address = ''

  constructor(servers: readonly Controlled[]) {
    this.#servers = servers
    this.#listener = createServer((socket) => this.#serve(socket))
  }

  async listen(): Promise<this> {
    const port = await freePort()
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen(port, '127.0.0.1', resolve)
    })
    this.address = `127.0.0.1:${port}`
    return this
  }

  close(): void {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    let rest = ''
    socket.setEncoding('utf8').on('data', async (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) socket.write(`${await this.#obey(line)}\n`)
    })
  }

  async #obey(line: string): Promise<string> {
    const match = order.exec(line.trim())
    const server = this.#servers[Number(match?.[2])]
    if (match === null || server === undefined) return `not an order: ${line}`
    try {
      await server[match[1] as keyof Controlled]()
      return 'ok'
    } catch (error) {
      return `${error}`.split('\n')[0]!
    }
  }
}
