/** What takes options, at each door of the package, and is given some that nobody knows. Neighbours: table, doors. */
import { join } from 'node:path'
import { backupFileStore, checkStoreUrl, openStore } from '../../../adapters/index.ts'
import { connect as connectAnywhere } from '../../../index.ts'
import {
  AtomicCounter,
  abandonImport,
  Barrier,
  Cache,
  ConfigValue,
  checkTree,
  createOp,
  createOrSet,
  DoubleBarrier,
  deleteRecursive,
  GroupMember,
  importTree,
  isKeeperError,
  jsonCodec,
  Keeper,
  LeaderLatch,
  LeaderSelector,
  LockingQueue,
  Mutex,
  mkdirp,
  NodeCache,
  PersistentNode,
  PriorityQueue,
  Queue,
  ReadWriteLock,
  readTree,
  readZookeeper,
  repairTree,
  Semaphore,
  ServiceDiscovery,
  SharedCount,
  silentLogger,
  TreeCache,
} from '../../../lib/index.ts'
import {
  AdminServer,
  AuditFile,
  AuditTrail,
  AuthProviders,
  CompareServer,
  checkAdminTls,
  checkSecureOptions,
  examineKafka,
  ProxyServer,
  TlsError,
} from '../../../proxy/index.ts'
import { target } from '../../unit/lib/copy/bench.ts'
import type { Place } from './place.ts'
import { DATA, drain, nobody, P, wrong } from './rows.ts'
import type { World } from './world.ts'

/** Besides those that it needs. */
type Unknown = never
type Taker<T> = (at: T, options: Unknown) => unknown

const config = { codec: jsonCodec(), defaultValue: 0 }

export const TAKERS: Readonly<Record<string, Taker<World>>> = {
  'Cache.open': ({ keeper }, options) => Cache.open(keeper, options),
  createOp: (_, options) => createOp(P, DATA, options),
  createOrSet: ({ client }, options) => createOrSet(client, P, DATA, options),
  deleteRecursive: ({ client }, options) => deleteRecursive(client, P, options),
  mkdirp: ({ client }, options) => mkdirp(client, P, options),
  'AtomicCounter.new': ({ client }, options) => new AtomicCounter(client, P, options),
  'AtomicCounter.get': ({ client }, options) => new AtomicCounter(client, P).get(options),
  'AtomicCounter.add': ({ client }, options) => new AtomicCounter(client, P).add(1, options),
  'AtomicCounter.set': ({ client }, options) => new AtomicCounter(client, P).set(1, options),
  'AtomicCounter.compareAndSet': ({ client }, options) =>
    new AtomicCounter(client, P).compareAndSet(0, 1, options),
  'Barrier.set': ({ client }, options) => new Barrier(client, P).set(options),
  'Barrier.remove': ({ client }, options) => new Barrier(client, P).remove(options),
  'Barrier.wait': ({ client }, options) => new Barrier(client, P).wait(options),
  'ConfigValue.new': ({ client }, options) =>
    new ConfigValue(client, P, withMore(options, { ...config })),
  'ConfigValue.start': ({ client }, options) => new ConfigValue(client, P, config).start(options),
  'ConfigValue.values': ({ client }, options) =>
    drain(new ConfigValue(client, P, config).values(options)),
  'DoubleBarrier.new': ({ client }, options) =>
    new DoubleBarrier(client, P, withMore(options, { memberCount: 1 })),
  'DoubleBarrier.enter': ({ client }, options) =>
    new DoubleBarrier(client, P, { memberCount: 1 }).enter(options),
  'DoubleBarrier.leave': async ({ client }, options) => {
    const barrier = new DoubleBarrier(client, P, { memberCount: 1 })
    await using _ = await barrier.enter()
    await barrier.leave(options)
  },
  'GroupMember.new': ({ client }, options) => new GroupMember(client, P, 'one', options),
  'GroupMember.start': ({ client }, options) => new GroupMember(client, P, 'one').start(options),
  'GroupMember.setData': ({ client }, options) =>
    new GroupMember(client, P, 'one').setData(DATA, options),
  'LeaderLatch.new': ({ client }, options) => new LeaderLatch(client, P, options),
  'LeaderLatch.waitForLeadership': ({ client }, options) =>
    new LeaderLatch(client, P).waitForLeadership(options),
  'LeaderSelector.new': ({ client }, options) =>
    new LeaderSelector(client, P, withMore(options, nobody)),
  'LockingQueue.put': ({ client }, options) => new LockingQueue(client, P).put(DATA, options),
  'LockingQueue.take': ({ client }, options) => new LockingQueue(client, P).take(options),
  'Mutex.new': ({ client }, options) => new Mutex(client, P, options),
  'Mutex.acquire': ({ client }, options) => new Mutex(client, P).acquire(options),
  'NodeCache.new': ({ client }, options) => new NodeCache(client, P, options),
  'NodeCache.start': ({ client }, options) => new NodeCache(client, P).start(options),
  'PersistentNode.new': ({ client }, options) => new PersistentNode(client, P, options),
  'PersistentNode.start': ({ client }, options) => new PersistentNode(client, P).start(options),
  'PersistentNode.waitForCreate': ({ client }, options) =>
    new PersistentNode(client, P).waitForCreate(options),
  'PersistentNode.setData': ({ client }, options) =>
    new PersistentNode(client, P).setData(DATA, options),
  'PriorityQueue.put': ({ client }, options) => new PriorityQueue(client, P).put(DATA, options),
  'Queue.new': ({ client }, options) => new Queue(client, P, options),
  'Queue.put': ({ client }, options) => new Queue(client, P).put(DATA, options),
  'LockSide.acquire': ({ client }, options) => new ReadWriteLock(client, P).read.acquire(options),
  'ReadWriteLock.new': ({ client }, options) => new ReadWriteLock(client, P, options),
  'Semaphore.new': ({ client }, options) =>
    new Semaphore(client, P, withMore(options, { maxLeases: 1 })),
  'Semaphore.acquire': ({ client }, options) =>
    new Semaphore(client, P, { maxLeases: 1 }).acquire(options),
  'ServiceDiscovery.new': ({ client }, options) => new ServiceDiscovery(client, P, options),
  'ServiceDiscovery.register': ({ client }, options) =>
    new ServiceDiscovery(client, P).register({ name: 'a', address: 'b' }, options),
  'ServiceDiscovery.update': ({ client }, options) =>
    new ServiceDiscovery(client, P).update({ name: 'a', id: 'b', address: 'c' }, options),
  'ServiceDiscovery.provider': ({ client }, options) =>
    new ServiceDiscovery(client, P).provider('a', options),
  'ServiceProvider.start': ({ client }, options) =>
    new ServiceDiscovery(client, P).provider('a').start(options),
  'SharedCount.new': ({ client }, options) => new SharedCount(client, P, options),
  'SharedCount.get': ({ client }, options) => new SharedCount(client, P).get(options),
  'SharedCount.getVersioned': ({ client }, options) =>
    new SharedCount(client, P).getVersioned(options),
  'SharedCount.set': ({ client }, options) => new SharedCount(client, P).set(1, options),
  'SharedCount.trySet': ({ client }, options) => new SharedCount(client, P).trySet(1, 0, options),
  'TreeCache.new': ({ client }, options) => new TreeCache(client, P, options),
  'TreeCache.start': ({ client }, options) => new TreeCache(client, P).start(options),
  'Transaction.create': ({ client }, options) => client.transaction().create(P, DATA, options),
  'TypedZooKeeper.create': ({ client }, options) => client.typed(jsonCodec()).create(P, 1, options),
  'ZooKeeper.with': ({ client }, options) => client.with(options),
  'ZooKeeper.create': ({ client }, options) => client.create(P, DATA, options),
  'ZooKeeper.createOp': ({ client }, options) => client.createOp(P, DATA, options),
  'ZooKeeper.watch': ({ client }, options) => drain(client.watch(P, options)),
  'ZooKeeper.changes': ({ client }, options) => drain(client.changes(options)),
}

const keeperOf = async (place: Place): Promise<Keeper> =>
  place.closing(await Keeper.open({ store: target() }))
const tls = (options: Unknown, more: object) => withMore<never>(options, wrong(more))
const files = { cert: 'none', key: 'none' }

export const TAKERS_OF_DOORS: Readonly<Record<string, Taker<Place>>> = {
  connect: (_, options) => connectAnywhere('memory:', options),
  'Keeper.open': (_, options) => Keeper.open(withMore(options, { store: target() })),
  'Keeper.changes': async (place, options) => drain((await keeperOf(place)).changes(options)),
  'ChangesSource.changes': async (place, options) =>
    drain((await keeperOf(place)).changes(options)),
  abandonImport: (_, options) => abandonImport(withMore(options, { store: target() })),
  readTree: (_, options) => readTree(withMore(options, { store: target() })),
  checkTree: (_, options) => checkTree([], options),
  importTree: (_, options) => importTree(withMore(options, { store: target(), input: [] })),
  repairTree: (_, options) => repairTree(withMore(options, { store: target(), save() {} })),
  readZookeeper: (_, options) =>
    readZookeeper(withMore(options, wrong({ snapshots: undefined, logs: undefined }))),
  openStore: (_, options) => openStore('memory:', options),
  backupFileStore: ({ folder }, options) =>
    backupFileStore(`file:${folder}`, join(folder, 'copy'), options),
  checkStoreUrl: (_, options) => checkStoreUrl('memory:', options),
  'AdminServer.listen': (_, options) => AdminServer.listen(options),
  'AdminServer.closed': (_, options) => AdminServer.closed(options),
  checkAdminTls: (_, options) => checkAdminTls(tls(options, { files })),
  'AuditFile.open': (_, options) => AuditFile.open(withMore(options, { file: '-' })),
  'AuditTrail.new': (_, options) => new AuditTrail(tls(options, { processUser: 'a' })),
  'AuthProviders.new': (_, options) => new AuthProviders([], options),
  'CompareServer.listen': (_, options) => CompareServer.listen(options, silentLogger),
  examineKafka: (_, options) => examineKafka(wrong({}), options),
  'ProxyServer.reconfigure': async (place, options) =>
    ProxyServer.unbound(await keeperOf(place)).reconfigure(options),
  'ProxyServer.unbound': async (place, options) =>
    ProxyServer.unbound(await keeperOf(place), options),
  'ProxyServer.listen': async (place, options) =>
    ProxyServer.listen(await keeperOf(place), options),
  checkSecureOptions: (_, options) => checkSecureOptions(tls(options, { files, port: 0 })),
}

/** What errors, and stores of one's own, are made with, and what these are asked: in TypeScript, and by this package. */
export const TYPED_ALONE = [
  ...['ChangesError.new', 'CopyError.new', 'StoreError.new', 'ZnodeError.new', 'Mvcc.new'],
  ...['MetadataStore.txn', 'MetadataStore.watch', 'MetadataStore.grantLease'],
  ...['MetadataStore.compact', 'MetadataStore.reclaim'],
]

/** The unknown ones, with those that are needed; a proxy stays as it is. */
function withMore<T extends object>(options: object, more: T): T {
  return isThrowing(options) ? wrong(options) : Object.assign(options, more)
}

const threw = new RangeError('a trap of the proxy')
const throwing = (): object =>
  new Proxy(
    {},
    {
      ownKeys() {
        throw threw
      },
    },
  )
const proxies = new WeakSet<object>()
const isThrowing = (options: object): boolean => proxies.has(options)

/** One line for each way that it does not refuse. */
export async function givenUnknown(
  name: string,
  take: (options: Unknown) => unknown,
): Promise<string[]> {
  const trap = throwing()
  proxies.add(trap)
  const given: readonly [what: string, options: unknown, message: RegExp][] = [
    ['a name', { nope: 1 }, /unknown option "nope"/],
    ['a name without a prototype', Object.assign(Object.create(null), { nope: 1 }), /"nope"/],
    ['a proxy that throws', trap, /threw|trap/],
  ]
  const lines: string[] = []
  for (const [what, options, message] of given) {
    const error = await (async () => take(options as Unknown))().then(
      () => 'it was taken',
      (thrown: unknown) => thrown,
    )
    const isOfDoor = error instanceof TypeError || error instanceof TlsError || isKeeperError(error)
    if (isOfDoor && message.test(error.message)) continue
    lines.push(`${name}, ${what}: ${error instanceof Error ? error.stack : String(error)}`)
  }
  return lines
}
