/**
 * `tsx dying-take-over.ts STORE PREFIX POINT`: a take-over whose process is killed. marked: the proxies are to stop. frozen: all have,
 * and nothing is committed. sent: the commit is in flight. committed: the record does not say so yet.
 */
import { openStore } from '../../../adapters/index.ts'
import { silentLogger } from '../../../lib/base/log.ts'
import { decodeHead } from '../../../lib/format/head.ts'
import { Layout } from '../../../lib/format/layout.ts'
import type { MetadataStore } from '../../../lib/index.ts'
import { takeOver } from '../../../lib/migrate/take-over.ts'
import type { Txn } from '../../../lib/store/types.ts'

const [url = '', prefix = '', point = ''] = process.argv.slice(2)
const layout = new Layout(prefix)

function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('killed')
}

/** Dies at its point, of the writes that a take-over makes. */
function dying(store: MetadataStore): MetadataStore {
  const txn = store.txn.bind(store)
  const put = ({ ops }: Txn, key: Uint8Array): Uint8Array | undefined => {
    for (const op of ops)
      if (op.type === 'put' && Buffer.compare(op.key, key) === 0) return op.value
    return undefined
  }
  store.txn = async (request) => {
    const head = put(request, layout.head)
    // A batch that only writes records behind the journal is none.
    const isCommit = head !== undefined && decodeHead(head).mirrors !== true
    if (isCommit && point === 'frozen') die()
    const answer = txn(request)
    if (isCommit && point === 'sent') setImmediate(die)
    await answer
    if (isCommit && point === 'committed') die()
    if (put(request, layout.source) !== undefined && point === 'marked') die()
    return answer
  }
  return store
}

// Its waits keep no process alive.
setInterval(() => {}, 1_000)
const store = dying(await openStore(url))
await takeOver({ store, prefix, logger: silentLogger })
throw new Error(`it has not come to ${point}`)
