/**
 * The server that does nothing: a reply header for every request, with as many bytes behind it as a
 * real answer has. What the load reaches here is its own ceiling.
 */
import { createServer, type Socket } from 'node:net'
import { OP } from './wire.ts'

const STAT_BYTES = 68
const DATA_BYTES = 4 + 100 + STAT_BYTES
const CHILDREN_BYTES = 4 + 500 * (4 + 11) + STAT_BYTES
const CONNECT_BYTES = 4 + 4 + 8 + 4 + 16 + 1

function reply(bodyBytes: number): Buffer {
  const out = Buffer.alloc(4 + 16 + bodyBytes)
  out.writeInt32BE(16 + bodyBytes)
  return out
}

const header = reply(0)
const bodies = new Map<number, Buffer>([
  [OP.getData, reply(DATA_BYTES)],
  [OP.getChildren2, reply(CHILDREN_BYTES)],
])

function serve(socket: Socket): void {
  let greeted = false
  let rest = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    const input = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const replies: Buffer[] = []
    let at = 0
    while (input.length - at >= 4) {
      const end = at + 4 + input.readInt32BE(at)
      if (end > input.length) break
      if (greeted) replies.push(bodies.get(input.readInt32BE(at + 8)) ?? header)
      else {
        greeted = true
        const answer = Buffer.alloc(4 + CONNECT_BYTES)
        answer.writeInt32BE(CONNECT_BYTES)
        replies.push(answer)
      }
      at = end
    }
    rest = Buffer.from(input.subarray(at))
    if (replies.length > 0) socket.write(Buffer.concat(replies))
  })
}

const server = createServer(serve)
server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  process.stdout.write('null server ready\n')
})
