/** One server of a connect string, for its four-letter words. Neighbour: target. */
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { onAbort } from '../../lib/internal.ts'
import type { ClientTlsTexts } from '../client-tls.ts'
import { CommandError, EXIT } from './exit-codes.ts'

const PORT = 2181
const SECURE_PORT = 2281
/** Longest answer that is read. Unit bytes. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024

/** What the server's certificate is verified with. */
export interface WordsTls extends ClientTlsTexts {
  readonly rejectUnauthorized?: boolean
}

export class Server {
  /** As in the connect string. */
  readonly name: string
  readonly #tls: WordsTls | undefined
  readonly #timeoutMs: number

  constructor(name: string, tls: WordsTls | undefined, timeoutMs: number) {
    this.name = name
    this.#tls = tls
    this.#timeoutMs = timeoutMs
  }

  /**
   * The answer to a four-letter word; undefined: the server does not allow it.
   * @throws {CommandError} it did not answer; the reason of the signal
   */
  async ask(word: string, signal: AbortSignal): Promise<string | undefined> {
    const text = await this.#answer(word, signal)
    return text.startsWith(`${word} is not executed`) ? undefined : text
  }

  #answer(word: string, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let bytes = 0
      const end = (): void => {
        clearTimeout(timer)
        forget()
      }
      const give = (error: unknown): void => {
        end()
        socket.destroy()
        reject(error)
      }
      const fail = (why: string): void =>
        give(new CommandError(EXIT.noServer, `${this.name} did not answer: ${why}`))
      const forget = onAbort(signal, () => give(signal.reason))
      const timer = setTimeout(
        () => fail(`nothing came within ${this.#timeoutMs} ms`),
        this.#timeoutMs,
      )
      let isConnected = false
      const socket = this.#connect(() => {
        isConnected = true
        socket.write(word)
      })
      socket.on('data', (chunk) => {
        chunks.push(chunk)
        bytes += chunk.length
        if (bytes > ANSWER_BYTES_MAX) fail('the answer is too long')
      })
      socket.on('error', (error) => {
        // ZooKeeper resets a connection when it has sent its answer.
        if (chunks.length === 0) fail(error.message)
      })
      socket.on('close', () => {
        end()
        // A list of nothing is an empty answer.
        if (isConnected) resolve(Buffer.concat(chunks).toString())
        else fail('it closed the connection')
      })
    })
  }

  #connect(connected: () => void): Socket {
    const [, ipv6, name = '', digits] = /^(?:\[(.*)\]|(.*?))(?::(\d+))?$/.exec(this.name) ?? []
    const host = ipv6 ?? name
    const tls = this.#tls
    if (tls === undefined) return connect({ host, port: Number(digits ?? PORT) }, connected)
    const servername = isIP(host) === 0 ? { servername: host } : {}
    return connectSecure(
      { host, port: Number(digits ?? SECURE_PORT), ...servername, ...tls },
      connected,
    )
  }
}
