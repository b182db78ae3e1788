/** When a server that is just starting answers its first read. Neighbour: suites/cold-start. */
import { connect as connectTcp } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { FrameSplitter } from '../lib/protocol/frame.ts'
import { JuteReader } from '../lib/protocol/jute/reader.ts'
import { decodeReplyHeader } from '../lib/protocol/record/reply-header.ts'
import { SESSION_TIMEOUT_MS, type Target } from './load/link.ts'
import { closeSession, connect, exists } from './load/wire.ts'

const RETRY_MS = 10
/** A server may take a connection before it can answer. */
const ATTEMPT_MS_MAX = 2_000
const REPLY_BYTES_MAX = 1024 * 1024

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
    let isGreeted = false
    const socket = connectTcp(target)
    const end = (answeredMs: number | undefined) => {
      splitter.stop()
      if (answeredMs === undefined) socket.destroy()
      else socket.end(closeSession())
      resolve(answeredMs)
    }
    const splitter = new FrameSplitter({
      frameBytesMax: REPLY_BYTES_MAX,
      onFrame: (buffer, start, to) => {
        if (!isGreeted) {
          isGreeted = true
          socket.write(exists(path))
          return
        }
        const { errno } = decodeReplyHeader(new JuteReader().reset(buffer, start, to))
        end(errno === 0 ? performance.now() : undefined)
      },
    })
    socket.setTimeout(ATTEMPT_MS_MAX, () => end(undefined))
    socket.once('error', () => end(undefined))
    socket.once('close', () => end(undefined))
    socket.write(connect(SESSION_TIMEOUT_MS))
    socket.on('data', (chunk) => splitter.push(chunk))
  })
}
