/** ZooKeeper's four-letter words: four bytes in, text out, and the server closes. */
import { connect } from 'node:net'

export interface Endpoint {
  host: string
  port: number
}

export function fourLetterWord(
  { host, port }: Endpoint,
  word: string,
  { timeoutMs = 20_000 }: { timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ host, port }, () => socket.write(word))
    socket.setEncoding('utf8')
    socket.setTimeout(timeoutMs, () => {
      socket.destroy(new Error(`no answer to ${word} from ${host}:${port} in ${timeoutMs} ms`))
    })
    socket.on('data', (text) => {
      answer += text
    })
    socket.once('error', reject)
    socket.once('close', (hadError) => {
      if (!hadError) resolve(answer)
    })
  })
}
