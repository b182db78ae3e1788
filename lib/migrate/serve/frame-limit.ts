/**
 * The longest request that a server of the ensemble takes (`jute.maxbuffer`), which none of its words says: a longer REQUEST makes
 * the leader end the connection of an observer, and with it those of all its clients. Each client port is sent a greeting of so
 * many bytes, of a session that cannot be: it is answered, or the connection ends, and nothing is written.
 * Source: NIOServerCnxn.readLength, NettyServerCnxn.receiveMessage. Neighbours: leader-link, zookeeper-upstream.
 */
import type { Clock } from '../../base/clock.ts'
import { deadline } from '../../base/deadline.ts'
import type { KnownTls } from '../../client/tls-options.ts'
import { openSocket } from '../../client/wire/open-socket.ts'
import { JuteWriter } from '../../protocol/jute/writer.ts'
import { encodeConnectRequest } from '../../protocol/record/connect-request.ts'
import type { HostPort } from '../source-feed.ts'

/** ZooKeeper’s default of jute.maxbuffer, bytes: assumed where no server answers. */
export const JUTE_BYTES_MAX = 0xfffff
/** A frame that every server takes, bytes. */
const LEAST_BYTES = 64
const LENGTH_BYTES = 4
/** Server 127 would have to live for some thousands of years to give it away. */
const NOBODY = 0x7fff_ffff_ffff_ffffn

export interface FrameLimitOptions {
  /** Client addresses. */
  readonly servers: readonly HostPort[]
  /** More than that is never sent, bytes. */
  readonly bytesMax: number
  readonly tls: KnownTls | undefined
  readonly clock: Clock
  /** For each connection and its answer. Unit ms. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Bytes of a frame behind its length that all servers take that answer, at most `bytesMax`; undefined: none answers. Never rejects. */
export async function frameLimit(options: FrameLimitOptions): Promise<number | undefined> {
  const limits = await Promise.all(options.servers.map((server) => limitOf(server, options)))
  const known = limits.filter((limit) => limit !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** undefined: it does not answer, or stopped to: a slow server is none that takes little. */
async function limitOf(server: HostPort, options: FrameLimitOptions): Promise<number | undefined> {
  const { bytesMax } = options
  if ((await look(server, LEAST_BYTES, options)) !== 'taken') return undefined
  let [taken, refused] = [LEAST_BYTES, bytesMax + 1]
  for (let next = bytesMax; refused - taken > 1; next = Math.floor((taken + refused) / 2)) {
    const found = await look(server, next, options)
    if (found === 'taken') taken = next
    // It may refuse every connection by now, as at its maxClientCnxns.
    else if (found === 'refused' && (await look(server, LEAST_BYTES, options)) === 'taken')
      refused = next
    else return undefined
  }
  return taken
}

/** `unknown`: it was not reached, or did not answer in time. */
type Look = 'taken' | 'refused' | 'unknown'

function look(
  server: HostPort,
  bytes: number,
  { tls, clock, timeoutMs, signal }: FrameLimitOptions,
): Promise<Look> {
  if (signal.aborted) return Promise.resolve('unknown')
  return new Promise((resolve) => {
    let ended: Look = 'unknown'
    const socket = openSocket(server, tls, () => {
      ended = 'refused'
      socket.write(greeting(bytes))
    })
    const settle = (found: Look): void => {
      cancel()
      resolve(found)
      socket.destroy()
    }
    const cancel = deadline(clock, timeoutMs, () => settle('unknown'))
    socket
      .unref()
      .on('data', () => settle('taken'))
      .on('error', () => settle(ended))
      .on('close', () => settle(ended))
  })
}

/** Its record, and zeros behind it, which servers ignore. */
function greeting(bytes: number): Buffer {
  const writer = new JuteWriter()
  writer.begin()
  encodeConnectRequest(writer, {
    ...{ protocolVersion: 0, lastZxidSeen: 0, timeoutMs: 10_000, sessionId: NOBODY },
    ...{ password: Buffer.alloc(16), readOnly: false, hasReadOnly: true },
  })
  writer.end()
  const frame = Buffer.alloc(LENGTH_BYTES + bytes)
  frame.set(writer.take() as Buffer)
  frame.writeInt32BE(bytes)
  return frame
}
