/** A leader that is played over TCP. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** Answers the first bytes of each connection with what the script says: `answers[n]`, the last one again and again. */
export class PlayedLeader {
  readonly sockets: Socket[] = []
  readonly #server: Server
  readonly #answers: readonly (Buffer | 'end')[]

  private constructor(answers: readonly (Buffer | 'end')[]) {
    this.#answers = answers
    this.#server = createServer((socket) => {
      const answer = this.#answers[Math.min(this.sockets.length, this.#answers.length - 1)]!
      this.sockets.push(socket)
      socket.on('error', () => {})
      socket.once('data', () => (answer === 'end' ? socket.end() : socket.write(answer)))
    })
  }

  static async start(...answers: (Buffer | 'end')[]): Promise<PlayedLeader> {
    const leader = new PlayedLeader(answers)
    leader.#server.listen(0, '127.0.0.1')
    await once(leader.#server, 'listening')
    return leader
  }

  get address() {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
