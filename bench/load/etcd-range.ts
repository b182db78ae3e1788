/**
 * A process of its own that reads every key of a range from etcd, page by page at one revision, and
 * does nothing with it: the least that a start from etcd can take. Neighbour: suites/cold-start.
 */
import { etcdClient } from './etcd-calls.ts'
import type { Target } from './link.ts'

export interface RangeOrder {
  readonly target: Target
  readonly start: string
  readonly end: string
  readonly pageKeys: number
}

export interface Ranged {
  readonly seconds: number
  readonly keys: number
  readonly bytes: number
}

async function readAll({ target, start, end, pageKeys }: RangeOrder): Promise<Ranged> {
  const client = etcdClient(target)
  const rangeEnd = Buffer.from(end)
  // Also connects.
  const { header } = await client.kv.range({ key: Buffer.from(start) })
  const startMs = performance.now()
  let [keys, bytes] = [0, 0]
  let key = Buffer.from(start)
  for (;;) {
    const { kvs, more } = await client.kv.range({
      key,
      range_end: rangeEnd,
      revision: header.revision,
      limit: pageKeys,
    })
    keys += kvs.length
    for (const kv of kvs) bytes += kv.key.length + kv.value.length
    const last = kvs.at(-1)
    if (!more || last === undefined) break
    key = Buffer.concat([last.key, Buffer.of(0)])
  }
  const seconds = (performance.now() - startMs) / 1_000
  client.close()
  return { seconds, keys, bytes }
}

process.stdout.write(`${JSON.stringify(await readAll(JSON.parse(process.argv[2]!)))}\n`)
