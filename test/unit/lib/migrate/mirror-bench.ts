/** A played ensemble, a memory store, and processes that follow. */

import { silentLogger } from '../../../../lib/base/log.ts'
import type { HeadRecord } from '../../../../lib/format/head.ts'
import type { MetadataStore } from '../../../../lib/index.ts'
import { readTree } from '../../../../lib/index.ts'
import { decodeHead, Layout } from '../../../../lib/internal.ts'
import { followSource, type MirrorOptions } from '../../../../lib/migrate/mirror.ts'
import { SourceKey } from '../../../../lib/migrate/source-key.ts'
import { eventually } from '../../../support/eventually.ts'
import { keeperBench } from '../../../support/keepers.ts'
import { ScriptedSource } from './scripted-source.ts'

const LATE_MS = 20_000

export interface Follower {
  readonly ended: Promise<'over' | 'stopped' | Error>
  stop(): Promise<void>
  /** As SIGKILL: nothing is written any more. */
  kill(): Promise<void>
}

export function mirrorBench() {
  const bench = keeperBench()
  const source = new ScriptedSource()
  const stores: MetadataStore[] = []
  const followers: Follower[] = []
  const handle = (): MetadataStore => {
    const store = bench.handle()
    stores.push(store)
    return store
  }
  const own = handle()
  const key = new SourceKey({ store: own })

  function follow(more: Partial<MirrorOptions> = {}, store = handle()): Follower {
    const stopping = new AbortController()
    const { signal } = stopping
    const ended = followSource({
      ...{ store, servers: ['zk1:2181'], openFeed: source.openFeed, name: 'test' },
      ...{ logger: silentLogger, signal, ...more },
    }).catch((error: Error) => error)
    const follower: Follower = {
      ended,
      stop: async () => {
        stopping.abort()
        await ended
      },
      kill: async () => {
        await store.close()
        stopping.abort()
        await ended
      },
    }
    followers.push(follower)
    return follower
  }

  return {
    ...{ bench, source, own, key, follow, handle },
    /** Until the tree in the store is the ensemble's. */
    caughtUp: () =>
      eventually(
        'the tree of the ensemble',
        async () => (await headIn(own))?.zxid === source.zxid,
        LATE_MS,
      ),
    zxid: async () => (await headIn(own))?.zxid ?? 0,
    seq: async () => (await headIn(own))?.seq ?? 0,
    lines: async () => [...(await readTree({ store: own }))].join(''),
    status: (
      what: string,
      is: (record: NonNullable<Awaited<ReturnType<SourceKey['read']>>>) => boolean,
    ) =>
      eventually(
        what,
        async () => {
          const record = await key.read()
          return record !== undefined && is(record) ? record : undefined
        },
        LATE_MS,
      ),
    /** A process that was killed keeps its place for some seconds: not here. */
    forget: async () => {
      const op = { type: 'delete', key: key.layout.follower } as const
      await own.txn({ compares: [], ops: [op] })
    },
    async close() {
      for (const follower of followers) await follower.stop()
      await bench.close()
      for (const store of stores) await store.close()
    },
  }
}

async function headIn(store: MetadataStore): Promise<HeadRecord | undefined> {
  const [head] = (await store.range({ start: new Layout('/anykeeper').head })).kvs
  return head && decodeHead(head.value)
}
