/** Puts a four-letter word to a server: four bytes in, text out, and the server closes. Neighbour: kafka/connections. */
import { connect } from 'node:net'
import type { Endpoint } from '../compare/upstream.ts'

/** More is not read: ten thousand connections take 2 MiB. */
const ANSWER_CHARACTERS_MAX = 16 * 1024 * 1024

/** Resolves with the answer, undefined where none came: within `timeoutMs`, in one piece, and not too long. */
export function answerTo(
  { host, port }: Endpoint,
  word: string,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host, port }, () => socket.write(word))
    const end = (result: string | undefined): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    const timer = setTimeout(end, timeoutMs, undefined)
    socket.setEncoding('utf8')
    socket.on('data', (text) => {
      answer += text
      if (answer.length > ANSWER_CHARACTERS_MAX) end(undefined)
    })
    socket.on('error', () => end(undefined))
    socket.on('end', () => end(answer))
  })
}
