/** A follower of release 3.4 on its client port: it answers srvr and conf, and nothing else. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'

const SRVR = 'Zookeeper version: 3.4.14-4c25d48, built on 03/06/2019\nMode: follower\n'

export class PlayedWords {
  readonly #server: Server

  private constructor(conf: string) {
    this.#server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', (word) => socket.end(`${word}` === 'conf' ? conf : SRVR))
    })
  }

  /** `conf`: its answer to that word. */
  static async start(conf: string): Promise<PlayedWords> {
    const words = new PlayedWords(conf)
    words.#server.listen(0, '127.0.0.1')
    await once(words.#server, 'listening')
    return words
  }

  get address() {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }
  }

  async stop(): Promise<void> {
    this.#server.close()
    await once(this.#server, 'close')
  }
}
