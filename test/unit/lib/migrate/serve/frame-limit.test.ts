/** How long a request a server of the ensemble takes, found by greetings: also where it is slow, full, or goes away meanwhile. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { systemClock } from '../../../../../lib/index.ts'
import { frameLimit } from '../../../../../lib/migrate/serve/frame-limit.ts'

const OURS = 1_048_575
/** What a server does with a frame of so many bytes, its n-th. */
type Answer = 'answer' | 'end' | 'nothing'

describe('migrate/serve: the longest request of a server', () => {
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  let frames: number[] = []

  beforeEach(() => {
    frames = []
  })
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    for (const server of servers.splice(0)) server.close()
  })

  async function serve(answer: (bytes: number, nth: number) => Answer) {
    const server = createServer((socket) => {
      sockets.add(socket)
      let received = Buffer.alloc(0)
      let isDone = false
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        received = received.length < 4 ? Buffer.concat([received, chunk]) : received
        if (received.length < 4 || isDone) return
        isDone = true
        const bytes = received.readInt32BE()
        frames.push(bytes)
        const what = answer(bytes, frames.length)
        if (what === 'answer') socket.write('an answer')
        else if (what === 'end') socket.destroy()
      })
    }).listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  }

  const within = (timeoutMs: number, ...of: { host: string; port: number }[]) =>
    frameLimit({
      ...{ servers: of, bytesMax: OURS, tls: undefined, clock: systemClock, timeoutMs },
      signal: new AbortController().signal,
    })
  const limit = (...of: { host: string; port: number }[]) => within(10_000, ...of)

  it('is what it takes, to the byte, and of several the least', async () => {
    const [one, other] = [
      await serve((bytes) => (bytes > 65_536 ? 'end' : 'answer')),
      await serve((bytes) => (bytes > 65_535 ? 'end' : 'answer')),
    ]
    expect(await limit(one)).to.equal(65_536)
    expect(await limit(one, other)).to.equal(65_535)
  })

  it('is never more than ours, which two greetings find', async () => {
    expect(await limit(await serve(() => 'answer'))).to.equal(OURS)
    expect(frames).to.deep.equal([64, OURS])
  })

  it('is not known of one that is slow, and is that of the others', async () => {
    for (const slow of [1, 2, 3, 7]) {
      frames = []
      const server = await serve((bytes, nth) => {
        if (nth >= slow) return 'nothing'
        return bytes > 65_536 ? 'end' : 'answer'
      })
      expect(await within(100, server), `from its frame ${slow} on`).to.equal(undefined)
    }
    const slow = await serve(() => 'nothing')
    const well = await serve((bytes) => (bytes > 1_000 ? 'end' : 'answer'))
    expect(await within(2_000, slow, well)).to.equal(1_000)
  })

  it('is not known of one that refuses all from some time on, or is gone', async () => {
    for (const full of [2, 3, 8]) {
      frames = []
      const server = await serve((bytes, nth) => (nth >= full || bytes > 65_536 ? 'end' : 'answer'))
      expect(await limit(server), `from its frame ${full} on`).to.equal(undefined)
    }
    expect(await limit({ host: '127.0.0.1', port: 1 })).to.equal(undefined)
  })
})
