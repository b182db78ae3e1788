/** When a server that is just starting answers its first read. Neighbour: suites/cold-start. */
import { connect as connectTcp } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SESSION_TIMEOUT_MS, type Target } from './load/link.ts'
import { closeSession, connect, exists } from './load/wire.ts'

const RETRY_MS = 10
/** A server may take a connection before it can answer. */
const ATTEMPT_MS_MAX = 2_000
/** Length, xid, zxid, error. */
const ERROR_AT = 16

/** Tries until the znode is seen. @returns performance.now() of then. */
export async function firstRead(
  target: Target,
  path: string,
  { signal }: { signal: AbortSignal },
): Promise<number> {
  for (;;) {
    signal.throwIfAborted()
    const answeredMs = await attempt(target, path)
    if (answeredMs !== undefined) return answeredMs
    await sleep(RETRY_MS)
  }
}

/** undefined: no connection, no session, no answer, or not that znode. */
function attempt(target: Target, path: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    let input = Buffer.alloc(0)
    let packets = 0
    const socket = connectTcp(target)
    const end = (answeredMs: number | undefined) => {
      if (answeredMs === undefined) socket.destroy()
      else socket.end(closeSession())
      resolve(answeredMs)
    }
    socket.setTimeout(ATTEMPT_MS_MAX, () => end(undefined))
    socket.once('error', () => end(undefined))
    socket.once('close', () => end(undefined))
    socket.write(connect(SESSION_TIMEOUT_MS))
    socket.on('data', (chunk) => {
      input = Buffer.concat([input, chunk])
      while (input.length >= 4 && input.length >= 4 + input.readInt32BE(0)) {
        packets++
        if (packets === 1) socket.write(exists(path))
        else return end(input.readInt32BE(ERROR_AT) === 0 ? performance.now() : undefined)
        input = input.subarray(4 + input.readInt32BE(0))
      }
    })
  })
}
