/** Sees each change of the source record as it is written: a take-over begins there. Neighbour: zookeeper-upstream. */
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { pause } from '../../base/pause.ts'
import { reasonOf } from '../../base/reason-of.ts'
import type { Layout } from '../../format/layout.ts'
import { decodeSource, type SourceRecord } from '../../format/source.ts'
import type { MetadataStore } from '../../store/metadata-store.ts'

/** Before it is read again, when the store did not answer: a pace, which ends nothing. Unit: ms. */
const RETRY_MS = 250

export interface SourceWatcherOptions {
  readonly store: MetadataStore
  readonly layout: Layout
  readonly clock: Clock
  readonly logger: Logger
  readonly signal: AbortSignal
  /** undefined: there is none. */
  readonly onRecord: (record: SourceRecord | undefined) => void
}

/** Resolves when the signal comes. Never rejects. */
export async function watchSource(options: SourceWatcherOptions): Promise<void> {
  const { store, layout, clock, logger, signal, onRecord } = options
  const start = layout.source
  const end = Buffer.concat([start, Buffer.of(0)])
  while (!signal.aborted) {
    try {
      const { kvs, revision } = await store.range({ start })
      if (signal.aborted) return
      onRecord(kvs[0] && decodeSource(kvs[0].value))
      const changes = store.watch({ start, end, fromRevision: revision + 1, signal })
      for await (const { events } of changes) {
        const last = events.at(-1)
        if (last?.type === 'put') onRecord(decodeSource(last.kv.value))
        else if (last !== undefined) onRecord(undefined)
      }
    } catch (error) {
      if (signal.aborted) return
      logger.debug({ reason: reasonOf(error) }, 'source record not readable')
    }
    await pause(clock, RETRY_MS, signal)
  }
}
