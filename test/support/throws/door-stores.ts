/** The member, the contract of stores, and what the adapters' door has. Neighbour: doors. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  backupFileStore,
  beginUnfinished,
  checkStoreUrl,
  Mvcc,
  makeFolder,
  openStore,
  registerStore,
} from '../../../adapters/index.ts'
import { openMemoryStore } from '../../../adapters/memory/memory-store.ts'
import { readSpace } from '../../../adapters/redis/space.ts'
import { connect } from '../../../index.ts'
import {
  digestOf,
  importTree,
  Keeper,
  type KeeperOptions,
  type MetadataStore,
  StoreError,
  type WriteOp,
} from '../../../lib/index.ts'
import { chunks, hastyClock, target } from '../../unit/lib/copy/bench.ts'
import { freePort } from '../free-port.ts'
import { BELOW, type DoorCall, type DoorRow, failing, type Place, someTree } from './place.ts'
import { drain, wrong } from './rows.ts'

const KEY = Buffer.from('a')
const DATA = Buffer.from('x')
const PUT: WriteOp = { type: 'put', key: KEY, value: DATA }
const NO_LEASE = 99n
/** Found again in a data file. */
const NEEDLE = Buffer.from('needle'.repeat(20))

const open = async (place: Place, options: Partial<KeeperOptions> = {}): Promise<Keeper> =>
  place.closing(await Keeper.open({ store: target(), ...options }))

/** Of a member that has something to be read. */
const changes =
  (begin: (keeper: Keeper) => unknown): DoorCall =>
  async (place) =>
    begin(await open(place))

/** A scheme whose opener fails. */
const opensNothing = (): string => {
  registerStore('fails', () => Promise.reject(BELOW))
  return 'fails:'
}

async function headed(head: string): Promise<ReturnType<typeof target>> {
  const store = target()
  await write(store, { type: 'put', key: Buffer.from('/anykeeper/head'), value: Buffer.from(head) })
  return store
}
const fitsNowhere: DoorCall = async () => {
  const loading = () => {
    throw new StoreError('STORE_NO_MEMORY', 'it does not fit')
  }
  const { store } = await someTree()
  return Keeper.open({ store, memory: { isShort: () => false, loading } })
}

export const members: Readonly<Record<string, DoorRow>> = {
  connect: {
    ZK_BAD_ARGUMENTS: [() => connect('zk://'), () => connect('memory:', { timeoutMs: -1 })],
    ZK_CONNECTION_LOSS: async () =>
      connect(`zk://127.0.0.1:${await freePort()}`, { connectMs: 50 }),
    ZK_AUTH_FAILED: () => connect('memory:', { auth: [{ scheme: 'none', auth: DATA }] }),
    StoreError: [
      () => connect(opensNothing()),
      () => {
        registerStore('starts-nobody', async () => failing())
        return connect('starts-nobody:')
      },
    ],
  },
  'Keeper.open': {
    TypeError: [
      () => Keeper.open({ store: target(), prefix: 'a' }),
      () => Keeper.open({ store: target(), prefix: '/a/' }),
      () => Keeper.open({ store: target(), prefix: `/${'a'.repeat(4_096)}` }),
    ],
    STORE_UNAVAILABLE: async () => {
      const store = target({ txnOpsMax: 8 })
      const input = chunks((await someTree()).lines.slice(0, -3))
      await importTree({ store, input, clock: hastyClock() }).catch(() => {})
      return Keeper.open({ store })
    },
    STORE_INTERNAL: async () => Keeper.open({ store: await headed('no head') }),
    STORE_UNSUPPORTED: async () => Keeper.open({ store: await headed('{"f":99}') }),
    STORE_INVALID: async () => {
      const { store } = await someTree()
      return Keeper.open({ store, prefix: '/anykeeper/n/a1' })
    },
    STORE_NO_MEMORY: fitsNowhere,
    own: () => Keeper.open({ store: failing() }),
  },
  'MemoryGuard.loading': {
    STORE_NO_MEMORY: fitsNowhere,
  },
  'Keeper.changes': {
    TypeError: [
      changes((keeper) => keeper.changes({ prefix: 'a' })),
      changes((keeper) => keeper.changes(wrong({ none: 1 }))),
    ],
    CHANGES_GONE: changes((keeper) => drain(keeper.changes({ from: '1.1.end.0123456789abcdef' }))),
    STORE_CLOSED: changes(async (keeper) => {
      await keeper.close()
      return drain(keeper.changes())
    }),
  },
  digestOf: { TypeError: () => digestOf(DATA, wrong('none')) },
}

const memory = (place: Place): MetadataStore => place.closing(openMemoryStore())
const write = (store: MetadataStore, ...ops: WriteOp[]) => store.txn({ compares: [], ops })
/** The first revisions are forgotten. */
async function compacted(place: Place): Promise<MetadataStore> {
  const store = memory(place)
  for (let i = 0; i < 3; i++) await write(store, PUT)
  await store.compact((await store.range({ start: KEY })).revision)
  return store
}
const watch = (store: MetadataStore) =>
  drain(
    store.watch({
      ...{ start: KEY, end: Buffer.from('b'), fromRevision: 1 },
      signal: new AbortController().signal,
    }),
  )
const tooLarge = (field: 'txnOpsMax' | 'txnBytesMax' | 'valueBytesMax'): DoorCall => {
  return (place) => {
    const store = memory(place)
    const max = store.features[field]
    if (field === 'valueBytesMax') return write(store, { ...PUT, value: Buffer.alloc(max + 1) })
    const count = field === 'txnOpsMax' ? max + 1 : 5
    const value = Buffer.alloc(field === 'txnOpsMax' ? 1 : max / (count - 1))
    const keys = Array.from({ length: count }, (_, at) => Buffer.from(`${at}`))
    return write(store, ...keys.map((key): WriteOp => ({ type: 'put', key, value })))
  }
}

export const contract: Readonly<Record<string, DoorRow>> = {
  MetadataStore: {
    STORE_CLOSED: async (place) => {
      const store = memory(place)
      await store.close()
      return store.range({ start: KEY })
    },
  },
  'MetadataStore.range': {
    STORE_COMPACTED: async (place) => (await compacted(place)).range({ start: KEY, revision: 1 }),
    STORE_INVALID: [
      (place) => memory(place).range({ start: KEY, revision: 99 }),
      (place) => memory(place).range({ start: KEY, end: KEY }),
    ],
  },
  'MetadataStore.txn': {
    STORE_TOO_LARGE: [tooLarge('txnOpsMax'), tooLarge('txnBytesMax'), tooLarge('valueBytesMax')],
    STORE_INVALID: [
      (place) => write(memory(place), PUT, PUT),
      (place) => write(memory(place), wrong({ type: 'none', key: KEY })),
    ],
    STORE_LEASE_NOT_FOUND: (place) => write(memory(place), { ...PUT, lease: NO_LEASE }),
  },
  'MetadataStore.watch': {
    STORE_COMPACTED: async (place) => watch(await compacted(place)),
    STORE_CLOSED: async (place) => {
      const store = memory(place)
      const watching = watch(store)
      await store.close()
      return watching
    },
  },
  'MetadataStore.grantLease': {
    STORE_INVALID: (place) => memory(place).grantLease({ ttlMs: 999 }),
  },
  'MetadataStore.keepLeaseAlive': {
    STORE_LEASE_NOT_FOUND: (place) => memory(place).keepLeaseAlive(NO_LEASE),
  },
  'MetadataStore.compact': { STORE_INVALID: (place) => memory(place).compact(99) },
  'MetadataStore.space': {
    STORE_UNSUPPORTED: () => readSpace(wrong({ command: async () => 'nothing of memory' })),
  },
  'MetadataStore.close': {
    STORE_CLOSED: async (place) => {
      const store = memory(place)
      await store.close()
      return write(store, PUT)
    },
  },
}

const mvcc = (): Mvcc => {
  const made = new Mvcc({ revision: 5 })
  made.publish()
  return made
}
/** A file stands where a folder is needed. */
function inFile({ folder }: Place): string {
  const file = join(folder, 'file')
  writeFileSync(file, 'x')
  return join(file, 'below')
}
/** A store in files, closed. */
async function written({ folder }: Place): Promise<string> {
  const data = join(folder, 'data')
  const store = await openStore(`file:${data}`)
  await write(store, { type: 'put', key: KEY, value: NEEDLE })
  await store.close()
  return data
}
const url = 'no-such-scheme:x'
/** As if it were a place. */
const NO_MEMORY = ['memory:data', 'memory://host:2379', 'memory:?size=1GiB', 'memory:/', 'memory: ']

export const adapters: Readonly<Record<string, DoorRow>> = {
  registerStore: { STORE_INVALID: () => registerStore('No', () => Promise.reject(BELOW)) },
  openStore: {
    STORE_INVALID: [
      () => openStore(url),
      () => openStore('etcd://'),
      () => openStore('file:'),
      ...NO_MEMORY.map((one) => () => openStore(one)),
    ],
    own: () => openStore(opensNothing()),
  },
  checkStoreUrl: {
    STORE_INVALID: [
      () => checkStoreUrl(url),
      () => checkStoreUrl('redis://'),
      ...NO_MEMORY.map((one) => () => checkStoreUrl(one)),
    ],
  },
  backupFileStore: {
    STORE_INVALID: ({ folder }) => backupFileStore(url, join(folder, 'copy')),
    STORE_UNAVAILABLE: [
      ({ folder }) => backupFileStore(`file:${folder}`, join(folder, 'copy')),
      async (place) => backupFileStore(`file:${await written(place)}`, place.folder),
    ],
    STORE_INTERNAL: async (place) => {
      const data = await written(place)
      const file = join(data, 'data.mdb')
      const bytes = readFileSync(file)
      bytes[bytes.lastIndexOf(NEEDLE)]! ^= 1
      writeFileSync(file, bytes)
      return backupFileStore(`file:${data}`, join(place.folder, 'copy'))
    },
  },
  makeFolder: { system: (place) => makeFolder(inFile(place), 0o700) },
  beginUnfinished: {
    STORE_UNAVAILABLE: async ({ folder }) => {
      const begun = await beginUnfinished(join(folder, 'made'))
      try {
        return await beginUnfinished(join(folder, 'made'))
      } finally {
        begun.abandon()
      }
    },
    system: (place) => beginUnfinished(inFile(place)),
  },
  'Unfinished.finish': {
    STORE_UNAVAILABLE: async ({ folder }) => {
      const begun = await beginUnfinished(join(folder, 'made'))
      writeFileSync(begun.path, 'x')
      const lock = join(folder, 'made.anykeeper-unfinished', 'lock')
      rmSync(lock)
      writeFileSync(lock, '{}')
      return begun.finish()
    },
    system: async ({ folder }) => {
      const begun = await beginUnfinished(join(folder, 'made'))
      try {
        // Nothing was made.
        return begun.finish()
      } finally {
        begun.abandon()
      }
    },
  },
  'Leases.keepAlive': { STORE_LEASE_NOT_FOUND: () => mvcc().leases.keepAlive(NO_LEASE) },
  'Leases.assertAlive': { STORE_LEASE_NOT_FOUND: () => mvcc().leases.assertAlive(NO_LEASE) },
  'Mvcc.range': {
    STORE_COMPACTED: () => mvcc().range({ start: KEY, revision: 1 }),
    STORE_INVALID: () => mvcc().range({ start: KEY, revision: 9 }),
  },
}
