/** Trees and stores in memory for the tests of copies. */
import { createHash } from 'node:crypto'
import { MemoryBackend } from '../../../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../../../adapters/memory/memory-store.ts'
import {
  type Clock,
  connect,
  Keeper,
  Layout,
  type MetadataStore,
  readTree,
  type StoreFeatures,
  type ZooKeeper,
} from '../../../../lib/internal.ts'
import type { Znode } from '../../../../lib/model/znode.ts'
import { headerLine, trailerLine, znodeLine } from '../../../../lib/transfer/format.ts'
import { type FaultyStore, faultyStore } from '../../../support/faulty-store.ts'

export interface SourceTree {
  readonly store: MetadataStore
  readonly lines: readonly string[]
  readonly text: string
}

/** A memory store with faults to be ordered, and limits as small as a test wants them. */
export function target(
  features: Partial<StoreFeatures> = {},
  backend = new MemoryBackend(),
): FaultyStore & { readonly backend: MemoryBackend } {
  const inner = openMemoryStore({ backend })
  const store = faultyStore(inner)
  return Object.assign(store, { features: { ...inner.features, ...features }, backend })
}

/** Pauses take no time, but count. */
export function hastyClock(): Clock {
  let elapsedMs = 0
  return {
    now: () => 1_700_000_000_000 + elapsedMs,
    monotonic: () => elapsedMs,
    after(delayMs, run) {
      const due = setImmediate(() => {
        elapsedMs += delayMs
        run()
      })
      return () => clearImmediate(due)
    },
  }
}

/** Some of everything, two sessions of three with ephemerals, a counter ahead of its children. */
export async function sourceTree(): Promise<SourceTree> {
  const store = openMemoryStore()
  const keeper = await Keeper.open({ store, limits: { historyRetentionMs: 0 } })
  const [a, b] = [await open(keeper), await open(keeper)]
  await open(keeper)
  await a.create('/app', Buffer.from('text'))
  for (let i = 0; i < 20; i++) {
    await a.create(`/app/n${i}`, i % 3 === 0 ? null : Buffer.alloc(i * 10, i))
    await a.create(`/app/n0/s-`, Buffer.from('ü'), { mode: 'persistent-sequential' })
  }
  await a.delete('/app/n0/s-0000000019')
  await a.setData('/app/n1', Buffer.from('changed'))
  await a.setAcl('/app/n2', [{ perms: 1, id: { scheme: 'ip', id: '10.0.0.0/8' } }])
  await a.create('/app/container', null, { mode: 'container' })
  await a.create('/app/e1', Buffer.from('a'), { mode: 'ephemeral' })
  await b.create('/app/e2', Buffer.from('b'), { mode: 'ephemeral' })
  await a.create('/other', null)
  await b.create('/other/e3', null, { mode: 'ephemeral' })
  await keeper.close()
  const lines = [...(await readTree({ store }))]
  return { store, lines, text: lines.join('') }
}

const open = (keeper: Keeper): Promise<ZooKeeper> => connect(keeper, { timeoutMs: 10_000 })

/** The lines of a file with these znodes, in their order. */
export function linesOf(znodes: readonly (readonly [path: string, node: Znode])[]): string[] {
  const counts = { sessions: 0, znodes: znodes.length }
  const largest = { path: '/', bytes: 0 }
  const lines = [
    headerLine({ path: '/', zxid: 9, largest, ...counts }),
    ...znodes.map(([path, node]) => znodeLine(path, node)),
  ]
  const sha256 = createHash('sha256').update(lines.join('')).digest('hex')
  return [...lines, trailerLine({ ...counts, sha256 })]
}

export const chunks = (lines: readonly string[]): Uint8Array[] =>
  lines.map((line) => Buffer.from(line))

export async function exported(store: MetadataStore): Promise<string> {
  return [...(await readTree({ store }))].join('')
}

/** Every key below the default prefix. */
export async function keysOf(store: MetadataStore): Promise<string[]> {
  const { prefix } = new Layout('/anykeeper')
  const { kvs } = await store.range({
    start: Buffer.from(`${prefix}/`),
    end: Buffer.from(`${prefix}0`),
  })
  return kvs.map(({ key }) => Buffer.from(key).toString())
}
