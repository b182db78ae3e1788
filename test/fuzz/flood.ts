/** Writes that do not wait for answers, as fast as the sockets take them. Neighbour: play. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { RawClient } from '../support/raw-client.ts'
import type { ActionOf } from './actions.ts'

/** Made, but not taken by the socket yet. */
const UNSENT_BYTES_MAX = 4_000_000

/** Rejects never: a socket that was closed takes nothing more. */
async function taken(socket: Socket): Promise<void> {
  const ended = new AbortController()
  const options = { signal: ended.signal }
  await Promise.race([once(socket, 'drain', options), once(socket, 'close', options)]).catch(
    () => {},
  )
  ended.abort()
}

/** Resolves when all is answered, or the connections are closed. */
export async function flood(
  root: string,
  { connections, megabytes, data }: ActionOf<'flood'>,
  connect: () => Promise<RawClient>,
): Promise<void> {
  const value = Buffer.alloc(data, 'f')
  const count = Math.ceil((megabytes * 1_000_000) / data / connections)
  const one = async (_: unknown, number: number) => {
    const client = await connect()
    const path = `${root}/flood${number}`
    const answers: Promise<unknown>[] = [client.create(path)]
    for (let i = 0; i < count && !client.closed; i++) {
      answers.push(client.setData(path, value))
      if (client.socket.writableLength > UNSENT_BYTES_MAX) await taken(client.socket)
    }
    await Promise.allSettled(answers)
    client.destroy()
  }
  await Promise.allSettled(Array.from({ length: connections }, one))
}
