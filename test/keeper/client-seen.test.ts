/** What a client over the wire says that it has seen, when it comes back. */
import { expect } from 'chai'
import { connect, EVENT, type WatchEvent } from '../../lib/index.ts'
import { encodeErrorReply, encodeEvent } from '../../lib/protocol/wire/encode-reply.ts'
import { startScriptedServer } from '../support/scripted-server.ts'

const NO_NODE = -101

describe('client: what it has seen', () => {
  it('watches are restored as of the last reply: of an event’s transaction others may not have come', async () => {
    let restored = (): void => {}
    const isRestored = new Promise<void>((resolve) => {
      restored = resolve
    })
    const server = await startScriptedServer((connection, { xid, request }, count) => {
      if (request?.type === 'setWatches') restored()
      if (request?.type !== 'exists' || count > 1) return
      connection.send((writer) => encodeErrorReply(writer, xid, 50, NO_NODE))
      if (request.path !== '/b') return
      // One transaction created both; the connection ends before the second event.
      connection.send((writer) => encodeEvent(writer, EVENT.NodeCreated, '/a', 60))
      connection.socket.end()
    })
    const client = await connect(server.url)
    try {
      const events: WatchEvent[] = []
      const watch = (event: WatchEvent): void => void events.push(event)
      await Promise.all([client.exists('/a', watch), client.exists('/b', watch)])
      await isRestored
      const [, second] = server.connections
      expect(second?.hello).to.include({ lastZxidSeen: 60, sessionId: 0x77n })
      expect(second?.received[1]?.request).to.deep.include({
        type: 'setWatches',
        relativeZxid: 50,
        exist: ['/b'],
      })
      expect(events).to.deep.equal([{ type: EVENT.NodeCreated, path: '/a' }])
    } finally {
      server.stop()
      await client.close()
    }
  })
})
