/** What a consumer's compiler sees of each door; compiled by the oldest TypeScript that works and by ours. */
import { hostname } from 'node:os'
import {
  type ClientState,
  createOp,
  type Held,
  Keeper,
  connect,
  LeaderLatch,
  type MetadataStore,
  Mutex,
  StoreError,
  type WatchEvent,
  ZnodeError,
} from 'anykeeper'
import { openStore, registerStore, type StoreOpener } from 'anykeeper/adapters'
import { keeperConformance, type StoreFixture, storeConformance } from 'anykeeper/conformance'
import { ProxyServer } from 'anykeeper/proxy'

const opener: StoreOpener = async () => {
  throw new StoreError('STORE_INVALID', 'no such store')
}
registerStore('mine', opener)
const store: MetadataStore = await openStore('memory:')
// @ts-expect-error: types that nobody found would be any, and accept it.
const refused = (): Promise<Keeper> => Keeper.open('memory:')
const keeper = await Keeper.open({ store, limits: { tickTimeMs: 1_000 } })
const states: ClientState[] = []
const client = await connect(keeper, { onState: (state) => states.push(state) })
const { path } = await client.create('/a', Buffer.from(hostname()))
const { data, stat } = await client.getData(path, (event: WatchEvent) => console.log(event.type))
const version: number = stat.version
const bytes: Uint8Array | null = data
try {
  await client.multi([createOp('/a/b', null)])
} catch (error) {
  if (error instanceof ZnodeError) console.log(error.code, error.errno)
}
const mutex = new Mutex(client, '/lock')
const held: Held = await mutex.acquire({ timeoutMs: 1_000, signal: new AbortController().signal })
const token: number = held.token
if (held.isHeld && !held.signal.aborted) await held.release()
const latch = new LeaderLatch(client, '/e', {
  id: `candidate ${token}${bytes}`,
  onElected: (leadership) => console.log('leading', leadership.token),
  onLost: () => console.log('leading no more'),
})
await latch.start()
const proxy = await ProxyServer.listen(keeper, { port: 0 })
console.log(proxy.port, version, states.length, refused)
const factory = async (): Promise<StoreFixture> => ({
  open: () => openStore('memory:'),
  stop: async () => {},
})
storeConformance({ name: 'mine', factory })
keeperConformance({ name: 'mine', factory })
