/** Exports, imports and repairs. Neighbour: doors. */
import { decodeHead, encodeHead } from '../../../lib/format/head.ts'
import {
  abandonImport,
  checkTree,
  countZnodes,
  importTree,
  Keeper,
  type MetadataStore,
  readTree,
  readZookeeper,
  repairTree,
  StoreError,
} from '../../../lib/index.ts'
import { chunks, hastyClock, target } from '../../unit/lib/copy/bench.ts'
import {
  captured,
  changed,
  folderOf,
  logsOf,
  restore,
  snapshotsOf,
  without,
} from '../../unit/lib/transfer/zookeeper/folders.ts'
import { type DoorCall, type DoorRow, failing, type Place, someTree } from './place.ts'

/** No member serves it. */
const NO_PREFIX = 'a/'
/** Of a format that there is not yet. */
const NEWER = '{"f":99}'
const HEAD = Buffer.from('/anykeeper/head')
const put = (store: MetadataStore, key: string, value: string) =>
  store.txn({
    compares: [],
    ops: [{ type: 'put', key: Buffer.from(key), value: Buffer.from(value) }],
  })
const lines = async (): Promise<string[]> => [...(await someTree()).lines]
const clock = hastyClock()
const files = () => captured('3.9.5')

/** With a whole tree. */
async function imported(): Promise<ReturnType<typeof target>> {
  const store = target()
  await importTree({ store, input: chunks(await lines()), clock })
  return store
}
/** With a part of a tree. */
async function unfinished(): Promise<ReturnType<typeof target>> {
  const store = target({ txnOpsMax: 8 })
  const some = (await lines()).slice(0, -3)
  await importTree({ store, input: chunks(some), clock }).catch(() => {})
  return store
}
/** With a tree that has something to be mended. */
async function damaged(): Promise<ReturnType<typeof target>> {
  const store = await imported()
  await put(store, '/anykeeper/n/a1/app', 'no record')
  return store
}
/** With a tree that somebody serves. */
async function served(place: Place, store: ReturnType<typeof target>) {
  place.closing(await Keeper.open({ store }))
  return store
}
async function written(key: string, value: string): Promise<ReturnType<typeof target>> {
  const store = target()
  await put(store, key, value)
  return store
}
/** Of an import that has begun. */
const marked = (value: string) => written('/anykeeper/import', value)
const repair = (store: MetadataStore, save: () => void = () => {}) => repairTree({ store, save })
const malformed: DoorCall[] = [
  () => checkTree(chunks(['no line\n'])),
  async () => checkTree(chunks((await lines()).slice(0, -1))),
  async () => {
    const all = await lines()
    return checkTree(chunks([...all.slice(0, 4), ...all.slice(5)]))
  },
]
const versioned = async (): Promise<Uint8Array[]> => {
  const [first = '', ...rest] = await lines()
  return chunks([first.replace(/"version":\d+/, '"version":99'), ...rest])
}
const small = { valueBytesMax: 16 }

const steps: Readonly<Record<string, DoorRow>> = {
  abandonImport: {
    TypeError: () => abandonImport({ store: target(), prefix: NO_PREFIX }),
    COPY_CONFLICT: async () => {
      const store = await unfinished()
      // The import moves its marker first.
      store.beforeTxn = async () => {
        store.beforeTxn = undefined
        const { kvs } = await store.range({ start: Buffer.from('/anykeeper/import') })
        await put(store, '/anykeeper/import', Buffer.from(kvs[0]!.value).toString())
      }
      return abandonImport({ store, clock })
    },
    STORE_INTERNAL: async () => abandonImport({ store: await marked('no mark'), clock }),
    STORE_UNSUPPORTED: async () => abandonImport({ store: await marked(NEWER), clock }),
    own: () => abandonImport({ store: failing(), clock, storeMs: 1 }),
  },
  countZnodes: {
    TypeError: () => countZnodes(target(), NO_PREFIX),
    own: () => countZnodes(failing(), '/anykeeper'),
  },
  readTree: {
    TypeError: [
      async () => readTree({ store: await imported(), path: 'app' }),
      () => readTree({ store: target(), prefix: NO_PREFIX }),
    ],
    COPY_NOT_FOUND: [
      () => readTree({ store: target() }),
      async () => readTree({ store: await imported(), path: '/none' }),
      async () => readTree({ store: await imported(), path: '/app/e1', withoutEphemerals: true }),
    ],
    STORE_UNAVAILABLE: async () => readTree({ store: await unfinished() }),
    STORE_INTERNAL: async () => readTree({ store: await damaged() }),
    STORE_COMPACTED: async () => {
      const store = await imported()
      const { range } = store
      store.range = async (query) => {
        if (query.revision === undefined) return range(query)
        throw new StoreError('STORE_COMPACTED', 'it was compacted meanwhile')
      }
      return readTree({ store })
    },
    STORE_UNSUPPORTED: async () => readTree({ store: await written('/anykeeper/head', NEWER) }),
    STORE_INVALID: async () => readTree({ store: await imported(), prefix: '/anykeeper/n/a1' }),
    own: () => readTree({ store: failing(), clock, storeMs: 1 }),
  },
  'TreeExport.summary': {
    TypeError: async () => (await readTree({ store: await imported() })).summary,
  },
  checkTree: {
    TypeError: async () => checkTree(chunks(await lines()), { prefix: NO_PREFIX }),
    COPY_MALFORMED: malformed,
    COPY_UNSUPPORTED: async () => checkTree(await versioned()),
    COPY_TOO_LARGE: async () => checkTree(chunks(await lines()), { store: target(small) }),
  },
  importTree: {
    TypeError: async () =>
      importTree({ store: target(), input: chunks(await lines()), prefix: NO_PREFIX }),
    COPY_MALFORMED: () => importTree({ store: target(), input: chunks(['no line\n']), clock }),
    COPY_UNSUPPORTED: async () => importTree({ store: target(), input: await versioned(), clock }),
    COPY_NOT_EMPTY: [
      async () => {
        const store = await imported()
        await put(store, '/anykeeper/head', await otherHead(store))
        return importTree({ store, input: chunks(await lines()), clock })
      },
      async (place) => {
        const store = target()
        await served(place, store)
        return importTree({ store, input: chunks(await lines()), clock })
      },
    ],
    COPY_TOO_LARGE: async () =>
      importTree({ store: target(small), input: chunks(await lines()), clock }),
    COPY_CONFLICT: async () => {
      const store = await unfinished()
      const [header = '', ...rest] = await lines()
      const other = [header.replace('"zxid":', '"zxid":1'), ...rest]
      return importTree({ store, input: chunks(other), clock })
    },
    STORE_INTERNAL: async () =>
      importTree({ store: await marked('no mark'), input: chunks(await lines()), clock }),
    STORE_UNSUPPORTED: async () =>
      importTree({ store: await marked(NEWER), input: chunks(await lines()), clock }),
    own: async () =>
      importTree({ store: failing(), input: chunks(await lines()), clock, storeMs: 1 }),
  },
  repairTree: {
    TypeError: () => repairTree({ store: target(), prefix: NO_PREFIX, save() {} }),
    COPY_NOT_FOUND: () => repair(target()),
    COPY_CONFLICT: [
      async (place) => {
        const store = await imported()
        await served(place, store)
        await put(store, '/anykeeper/n/a1/app', 'no record')
        return repair(store)
      },
      async () => {
        const store = await damaged()
        return repairTree({
          store,
          save: async () => {
            await put(store, '/anykeeper/head', await otherHead(store))
          },
        })
      },
      async () => {
        const store = await damaged()
        const head = decodeHead(await headOf(store))
        await put(store, '/anykeeper/head', textOf(encodeHead({ ...head, mirrors: true })))
        return repair(store)
      },
    ],
    STORE_UNAVAILABLE: async () => repair(await unfinished()),
    STORE_UNSUPPORTED: async () => {
      const store = await imported()
      await put(store, '/anykeeper/n/a1/app', '{"f":99}\n')
      return repair(store)
    },
    own: () => repairTree({ store: failing(), save() {}, clock, storeMs: 1 }),
  },
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
async function headOf(store: MetadataStore): Promise<Uint8Array> {
  const { kvs } = await store.range({ start: HEAD })
  return kvs[0]!.value
}
/** The same tree, after another commit. */
async function otherHead(store: MetadataStore): Promise<string> {
  const { imported: _, ...head } = decodeHead(await headOf(store))
  return textOf(encodeHead(head))
}

const zookeepers: Readonly<Record<string, DoorRow>> = {
  readZookeeper: {
    COPY_NOT_FOUND: [() => restore(new Map()), () => restore(without(files(), ...logsOf(files())))],
    COPY_MALFORMED: [
      // Damage.
      () => {
        const last = logsOf(files()).at(-1)!
        return restore(changed(files(), last, (bytes) => bytes.fill(0xff, 20, 40)))
      },
      // A gap.
      () => {
        const [, second = ''] = logsOf(files())
        return restore(without(files(), second, ...snapshotsOf(files()).slice(1)))
      },
    ],
    COPY_UNSUPPORTED: () => {
      const packed = new Map([...files(), ['snapshot.ffffffffff.snappy', Buffer.from('x')]])
      return readZookeeper({ snapshots: folderOf(packed), logs: undefined })
    },
  },
}

export const transfers: Readonly<Record<string, DoorRow>> = { ...steps, ...zookeepers }
