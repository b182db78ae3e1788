import { expect } from 'chai'
import { openMemoryStore } from '../../../../../adapters/memory/memory-store.ts'
import { systemClock } from '../../../../../lib/base/clock.ts'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { Layout } from '../../../../../lib/format/layout.ts'
import { decodeProxy } from '../../../../../lib/format/record.ts'
import { ProxyRegistry } from '../../../../../lib/member/session/proxy-registry.ts'
import { faultyStore } from '../../../../support/faulty-store.ts'

describe('proxy registry', () => {
  it('a wish for a turn that is still on its way does not take back the goodbye', async () => {
    const store = faultyStore(openMemoryStore())
    const layout = new Layout('/anykeeper')
    const registry = new ProxyRegistry({
      store,
      layout,
      clock: systemClock,
      logger: silentLogger,
      proxy: 'p1',
      address: '127.0.0.1:2181',
      ttlMs: 60_000,
      silenceMsMax: 4_000,
      journalFormat: 3,
      onHeartbeat: () => {},
      onPeerLeft: () => {},
      onPeerJoined: () => {},
      onPeerStarved: () => {},
    })
    await registry.start(new Map(), 1)
    const seen: boolean[] = []
    const watching = (async () => {
      const signal = new AbortController().signal
      for await (const { events } of store.watch({ ...layout.proxies, fromRevision: 1, signal })) {
        for (const event of events) {
          if (event.type === 'delete') return
          seen.push(decodeProxy(event.kv.value).leaving)
        }
      }
    })()
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let first = true
    store.beforeTxn = () => {
      const wait = first ? held : undefined
      first = false
      return wait
    }
    // The first is held up, the second passes it.
    registry.reportStarvation()
    registry.reportStarvation()
    const left = registry.leave()
    await new Promise(setImmediate)
    release()
    await left
    await watching
    expect(seen).to.deep.equal([false, false, false, true])
    await store.close()
  })
})
