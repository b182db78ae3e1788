import { expect } from 'chai'
import { openMemoryStore } from '../../../../../adapters/memory/memory-store.ts'
import { type Clock, systemClock } from '../../../../../lib/base/clock.ts'
import { Faults } from '../../../../../lib/base/faults.ts'
import { type Logger, silentLogger } from '../../../../../lib/base/log.ts'
import { Layout } from '../../../../../lib/format/layout.ts'
import { decodeProxy, encodeProxy } from '../../../../../lib/format/record.ts'
import { ProxyRegistry } from '../../../../../lib/member/session/proxy-registry.ts'
import type { ProxyRegistryOptions } from '../../../../../lib/member/session/registry-options.ts'
import { StoreError } from '../../../../../lib/model/errors.ts'
import type { MetadataStore } from '../../../../../lib/store/metadata-store.ts'
import { faultyStore } from '../../../../support/faulty-store.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'

const layout = new Layout('/anykeeper')
const TTL_MS = 60_000
const PROXY = '00000000000000a1'

function registryOn(
  store: MetadataStore,
  clock: Clock,
  more: Partial<ProxyRegistryOptions> = {},
): ProxyRegistry {
  return new ProxyRegistry({
    store,
    layout,
    clock,
    logger: silentLogger,
    faults: new Faults(silentLogger),
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
    ...more,
  })
}

/** Lines of a log, and its faults. */
function logOf(): { readonly lines: string[]; readonly faults: Faults; readonly logger: Logger } {
  const lines: string[] = []
  const add = (_fields: object, message: string): void => void lines.push(message)
  const logger = { debug: add, info: add, warn: add, error: add }
  return { lines, faults: new Faults(logger), logger }
}

const bug = (): never => {
  throw new RangeError('injected')
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

  it('what a callback throws is a fault of its own, and says nothing of the heartbeat or the list', async () => {
    const clock = new ManualClock()
    const store = openMemoryStore({ clock })
    const { lines, faults, logger } = logOf()
    const unconfirmed: string[] = []
    const left: string[] = []
    const registry = registryOn(store, clock, {
      ...{ logger, faults },
      onHeartbeat: bug,
      onListed: bug,
      onPeerJoined: bug,
      onPeerLeft: (id) => void left.push(id),
      onUnconfirmed: ({ message }) => void unconfirmed.push(message),
    })
    await registry.start(new Map(), 1)
    const other = '00000000000000b2'
    const record = { address: '', ttlMs: TTL_MS, leaving: false, journalFormat: 3 }
    const key = layout.proxy(other)
    const value = encodeProxy({ ...record, silenceMsMax: 1, startedMs: 1 })
    await store.txn({ compares: [], ops: [{ type: 'put', key, value }] })
    await clock.advance(0)
    expect([...registry.peers.keys()]).to.deep.equal([PROXY, other])
    await clock.advance(3 * TTL_MS)
    expect(unconfirmed).to.deep.equal([])
    const [first, ...rest] = (await store.range(layout.proxies)).kvs
    expect([first?.lease, rest.length], 'its lease lives').to.deep.equal([first?.lease, 1])
    await store.txn({ compares: [], ops: [{ type: 'delete', key }] })
    await clock.advance(0)
    expect(left).to.deep.equal([other])
    const all = 'fault in what follows the list of proxies: on'
    expect([...new Set(lines)].toSorted()).to.deep.equal(
      ['Heartbeat', 'Listed', 'PeerJoined'].map((name) => all + name),
    )
    expect(faults.count).to.equal(lines.length)
    await registry.leave()
    await store.close()
  })

  it('one that ends by a fault of its own begins again: the process lives', async () => {
    const clock = new ManualClock()
    const store = openMemoryStore({ clock })
    const { lines, faults, logger } = logOf()
    let isBroken = false
    const own: Clock = {
      now: () => clock.now(),
      monotonic: () => (isBroken ? bug() : clock.monotonic()),
      after: (delayMs, run) => clock.after(delayMs, run),
    }
    const registry = registryOn(store, own, { logger, faults })
    await registry.start(new Map(), 1)
    isBroken = true
    registry.renewNow()
    await new Promise(setImmediate)
    isBroken = false
    expect(lines).to.deep.equal(['fault in the heartbeats'])
    await clock.advance(3 * TTL_MS)
    expect((await store.range(layout.proxies)).kvs, 'its lease lives').to.have.length(1)
    expect(faults.count).to.equal(1)
    await registry.leave()
    await store.close()
  })

  it('opens its feed once a second where neither that nor the list can be read', async () => {
    const clock = new ManualClock()
    const inner = openMemoryStore({ clock })
    let feeds = 0
    const gone = async (): Promise<never> => {
      throw new StoreError('STORE_UNAVAILABLE', 'injected')
    }
    const store: MetadataStore = {
      ...faultyStore(inner),
      range: gone,
      // biome-ignore lint/correctness/useYield: it fails before anything comes.
      async *watch() {
        feeds++
        await gone()
      },
    }
    const registry = registryOn(store, clock)
    await registry.start(new Map(), 1)
    await clock.advance(0)
    expect(feeds).to.equal(1)
    await clock.advance(999)
    expect(feeds).to.equal(1)
    await clock.advance(1)
    expect(feeds).to.equal(2)
    await clock.advance(3_000)
    expect(feeds).to.equal(5)
    await registry.leave()
    await store.close()
  })
})
