/** How bytes come and go: replies not read or read slowly, frames and handshakes without an end. Neighbours: attack, list. */
import { framed } from '../../../lib/protocol/frame.ts'
import { connectBody, RawClient } from '../../support/raw-client.ts'
import { packRequest, type RawMultiOp } from '../../support/raw-codec.ts'
import { attacker, type Kind, many, n, OPEN, outcome, times } from './attack.ts'

const GET_DATA = 4 as const
const CREATE = 1 as const
const SLOW_BYTES_PER_MS = 1_000
const SLOW_SESSION_MS = 6_000
const CLOSED_MS_MAX = 20_000

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const rawConnection = (port: number) => RawClient.connect({ port, handshake: false })

const unreadReplies: Kind = ({ unreadClients }) => ({
  name: `${n(unreadClients)} clients read none of 4 × multiRead of 60 MB`,
  async run({ port, begin }) {
    const writer = await attacker(port)
    await writer.create('/large', { data: Buffer.alloc(1_000_000, 'l') })
    const ops: RawMultiOp[] = times(60, () => ({ op: GET_DATA, path: '/large', watch: false }))
    const clients = await Promise.all(times(unreadClients, () => attacker(port)))
    await begin()
    for (const client of clients) {
      client.socket.pause()
      for (let i = 0; i < 4; i++) client.multiRead(ops).catch(() => {})
    }
    await sleep(3_000)
    for (const client of clients) client.destroy()
    return 'nothing read for 3 s'
  },
})

const slowReader: Kind = ({ slowReads }) => ({
  name: `${n(slowReads)} × 1 MB read at 1 MB/s, session of 6 s`,
  async run({ port, begin }) {
    const client = await attacker(port, SLOW_SESSION_MS)
    await client.create('/slow', { data: Buffer.alloc(1_000_000, 's') })
    await begin()
    client.socket.on('data', (chunk: Buffer) => {
      client.socket.pause()
      setTimeout(() => client.socket.resume(), chunk.length / SLOW_BYTES_PER_MS)
    })
    const pings = setInterval(() => client.ping().catch(() => {}), SLOW_SESSION_MS / 3)
    try {
      const read = await outcome(times(slowReads, () => client.getData('/slow')))
      const last = await outcome([client.setData('/slow', '')])
      return `${read}; ${last === '1 × 0' ? 'session lived' : 'session lost'}`
    } finally {
      clearInterval(pings)
    }
  },
})

const halfFrames: Kind = (sizes) => ({
  name: `${n(sizes.halfFrames)} half frames of 500 KB`,
  async run({ port }) {
    const clients = await Promise.all(times(sizes.halfFrames, () => rawConnection(port)))
    const begin = Buffer.alloc(500_000)
    begin.writeInt32BE(1_000_000)
    for (const client of clients) client.sendBytes(begin)
    await sleep(1_000)
    const closed = clients.filter((client) => client.closed).length
    for (const client of clients) client.destroy()
    return `${n(closed)} of ${n(clients.length)} closed`
  },
})

/** Frames that came whole, among bytes. */
function framesIn(bytes: Buffer): number {
  let frames = 0
  for (let at = 0; at + 4 <= bytes.length; at += 4 + bytes.readInt32BE(at)) frames++
  return frames
}

const writingAhead: Kind = ({ aheadClients }) => ({
  name: `${n(aheadClients)} clients send 1 MB ahead of the ConnectResponse`,
  async run({ port }) {
    const clients = await Promise.all(times(aheadClients, () => rawConnection(port)))
    const data = Buffer.alloc(24_000, 'a')
    const requests = 40
    const answers = clients.map((client, i) => {
      const creates = times(requests, (j) =>
        framed(packRequest(j + 1, CREATE, { path: `/ahead-${i}-${j}`, data, acl: OPEN })),
      )
      client.sendBytes(Buffer.concat([framed(connectBody({ timeoutMs: 30_000 })), ...creates]))
      // What came before the server closed counts, too.
      return client
        .waitFor(() => client.closed || framesIn(client.bytesReceived) > requests)
        .catch(() => {})
    })
    await Promise.all(answers)
    const frames = clients.map((client) => framesIn(client.bytesReceived))
    const all = frames.filter((count) => count > requests).length
    for (const client of clients) client.destroy()
    return `${n(all)} of ${n(clients.length)} got all their answers`
  },
})

/** A third each send nothing, a part of a length, and half a ConnectRequest. */
const silent: Kind = ({ silentClients }) => ({
  name: `${n(silentClients)} handshakes that do not end`,
  async run({ port }) {
    const clients: RawClient[] = []
    const parts = [0, 3, 20]
    const greeting = framed(connectBody({}))
    const opened = await many(
      silentClients,
      async (i) => {
        const client = await rawConnection(port)
        clients.push(client)
        client.sendBytes(greeting.subarray(0, parts[i % parts.length]))
        return { err: 0 }
      },
      500,
    )
    const closing = clients.map((client) => client.waitFor(() => client.closed, CLOSED_MS_MAX))
    const ended = (await Promise.allSettled(closing)).filter((end) => end.status === 'fulfilled')
    for (const client of clients) client.destroy()
    return `opened: ${opened}; ${n(ended.length)} closed by the server`
  },
})

export const CONNECTIONS: readonly Kind[] = [
  unreadReplies,
  slowReader,
  halfFrames,
  writingAhead,
  silent,
]
