import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect } from 'chai'
import { UnaryChannel } from '../../../../adapters/etcd/unary-channel.ts'
import { systemClock } from '../../../../lib/index.ts'
import type { StoreError } from '../../../../lib/model/errors.ts'

describe('etcd/unary-channel', () => {
  it('is closed while it connects: the call has not been sent, and nothing else comes of it', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const channel = new UnaryChannel({
        host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        tls: () => undefined,
        clock: systemClock,
        keepaliveMs: 1_000,
        keepaliveTimeoutMs: 1_000,
      })
      const options = { deadline: Date.now() + 5_000, token: undefined }
      const call = channel.call('/a.B/C', Buffer.alloc(0), options)
      channel.close()
      const error = await call.catch((reason: StoreError) => reason)
      expect(error).to.include({ code: 'STORE_UNAVAILABLE', outcome: 'unapplied' })
      // The session reports its connection in a later turn: what is thrown there fails the test.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    } finally {
      server.close()
    }
  })
})
