import { expect } from 'chai'
import { openMemoryStore } from '../../../../../adapters/memory/memory-store.ts'
import { type Clock, systemClock } from '../../../../../lib/base/clock.ts'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { Layout } from '../../../../../lib/format/layout.ts'
import { decodeProxy } from '../../../../../lib/format/record.ts'
import { ProxyRegistry } from '../../../../../lib/member/session/proxy-registry.ts'
import type { MetadataStore } from '../../../../../lib/store/metadata-store.ts'
import { faultyStore } from '../../../../support/faulty-store.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

const layout = new Layout('/anykeeper')
const TTL_MS = 60_000
const PROXY = '00000000000000a1'

function registryOn(store: MetadataStore, clock: Clock): ProxyRegistry {
  return new ProxyRegistry({
    store,
    layout,
    clock,
    logger: silentLogger,
    proxy: PROXY,
    address: '127.0.0.1:2181',
    ttlMs: TTL_MS,
    silenceMsMax: 4_000,
    journalFormat: 3,
    unreadable: () => 0,
    onHeartbeat: () => {},
    onUnconfirmed: () => {},
    onPeerLeft: () => {},
    onPeerJoined: () => {},
    onListed: () => {},
    onPeerStarved: () => {},
  })
}

describe('proxy registry', () => {
  it('a wish for a turn that is still on its way does not take back the goodbye', async () => {
    const store = faultyStore(openMemoryStore())
    const registry = registryOn(store, systemClock)
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

  it('who got a new lease but could not write its key writes it with a later heartbeat', async () => {
    const clock = new ManualClock()
    const store = faultyStore(openMemoryStore({ clock }))
    const registry = registryOn(store, clock)
    await registry.start(new Map(), 1)
    const listed = async () => (await store.range(layout.proxies)).kvs.map(({ lease }) => lease)
    const [first] = await listed()
    // The new lease is granted, and the write of the key is lost, twice.
    store.faults.push('refused', 'before')
    await store.revokeLease(first as bigint)
    await clock.advance(0)
    expect(await listed()).to.deep.equal([])
    await clock.advance(TTL_MS)
    const [second] = await listed()
    expect(second).to.be.a('bigint').that.does.not.equal(first)
    // And keeps it.
    await clock.advance(2 * TTL_MS)
    expect(await listed()).to.deep.equal([second])
    await registry.leave()
    await store.close()
  })
})
