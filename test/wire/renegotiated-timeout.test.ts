/** A client that reconnects may ask for another timeout: it is granted, and it counts. */
import { expect } from 'chai'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { RawClient } from '../support/raw-client.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { startZookeeper } from '../support/zookeeper-server.ts'

const tickTimeMs = 500
const subjects = {
  'ZooKeeper 3.8': { needs: ['zookeeper'], start: () => startZookeeper({ tickTimeMs }) },
  'ZooKeeper 3.9': {
    needs: ['zookeeper-3.9'],
    start: () => startZookeeper({ version: '3.9', tickTimeMs }),
  },
  anykeeper: { needs: [], start: () => startAnykeeper({ tickTimeMs }) },
} as const

for (const [name, { needs, start }] of Object.entries(subjects)) {
  describe(`timeout on reconnect: ${name}`, function () {
    this.timeout(60_000)
    let server: { port: number; stop(): Promise<void> }

    before(async function () {
      requireOrSkip(this, ...needs)
      server = await start()
    })
    after(() => server?.stop())

    it('is what the client asks for then, within the bounds', async () => {
      const { port } = server
      const first = await RawClient.connect({ port, timeoutMs: 4_000 })
      const { sessionId, password } = first
      const granted = [first.timeoutMs]
      for (const timeoutMs of [10_000, 1, 600_000]) {
        const again = await RawClient.connect({ port, timeoutMs, sessionId, password })
        granted.push(again.timeoutMs)
      }
      expect(granted).to.deep.equal([4_000, 10_000, 1_000, 10_000])
    })

    it('is what the session then expires by', async () => {
      const { port } = server
      const watching = await RawClient.connect({ port, timeoutMs: 10_000 })
      const first = await RawClient.connect({ port, timeoutMs: 10_000 })
      await first.create('/own', { flags: 1 })
      await watching.exists('/own', true)
      const { sessionId, password } = first
      const again = await RawClient.connect({ port, timeoutMs: 1_000, sessionId, password })
      const since = performance.now()
      again.destroy()
      await watching.waitFor(() => watching.events.length === 1)
      expect(performance.now() - since).to.be.within(500, 8_000)
      await watching.close()
    })
  })
}
