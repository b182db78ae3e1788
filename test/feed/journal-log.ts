/** What was committed, read from the journal in the store as it is written, beside all members. */
import { decodeBatch } from '../../lib/format/journal.ts'
import type { Op, TxnEntry } from '../../lib/format/ops.ts'
import { Layout, type MetadataStore } from '../../lib/internal.ts'
import { hashOf, type Line, type Said } from './line.ts'

export class JournalLog {
  readonly lines: Line[] = []
  bytes = 0
  readonly #stop = new AbortController()
  #ended: Promise<void> = Promise.resolve()

  static async follow(store: MetadataStore): Promise<JournalLog> {
    const log = new JournalLog()
    const { start, end } = new Layout('/anykeeper').journal
    const { revision } = await store.range({ start, end, keysOnly: true })
    log.#ended = log.#run(store, revision + 1)
    // stop() says it; after a failure of something else nobody calls that.
    log.#ended.catch(() => {})
    return log
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  async #run(store: MetadataStore, fromRevision: number): Promise<void> {
    const { start, end } = new Layout('/anykeeper').journal
    const feed = store.watch({ start, end, fromRevision, signal: this.#stop.signal })
    for await (const { events } of feed) {
      for (const event of events) {
        if (event.type !== 'put') continue
        this.bytes += event.kv.value.length
        for (const txn of decodeBatch(event.kv.value).txns) this.#add(txn)
      }
    }
  }

  #add({ zxid, time, session, ops }: TxnEntry): void {
    const said = ops.flatMap(saidOf)
    if (said.length > 0) this.lines.push({ zxid, hash: hashOf(zxid, time, session, said) })
  }
}

function saidOf(op: Op): Said[] {
  switch (op.type) {
    case 'create':
      return [`create ${op.path} ${op.data ?? '-'} ${op.parentCreates}`]
    case 'delete':
      return [`delete ${op.path}`]
    case 'setData':
      return [`set ${op.path} ${op.data ?? '-'} ${op.version}`]
    case 'closeSession':
      return op.paths.map((path) => `delete ${path}`)
    case 'endSession':
      throw new Error('this load has no session with so many ephemerals')
    default:
      return []
  }
}
