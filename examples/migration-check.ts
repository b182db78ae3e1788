/**
 * A test before a move from ZooKeeper: copies the application's tree from MIGRATION_SOURCE, a zk:// URL of the servers of today, to
 * ANYKEEPER_STORE, and lets the application's own check run on both. It fails where they differ. Run it as often as you like, against a source
 * that nobody changes meanwhile: each run begins without a copy.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  connect,
  createOrSet,
  deleteRecursive,
  type Stat,
  walk,
  ZnodeError,
  type ZooKeeper,
} from 'anykeeper'

/** Its ephemerals are left out: they come with their owners. On the target it is deleted first. */
const ROOT = '/app'
/** Calls that changed nothing are repeated for so long. */
const OUTAGE_MS = 60_000
const options = {
  renew: true,
  retryMs: OUTAGE_MS,
  connectMs: OUTAGE_MS,
  onState: (state: string) => console.log(`session ${state}`),
}

let source: ZooKeeper
let target: ZooKeeper

before(async () => {
  source = await connect(process.env.MIGRATION_SOURCE ?? 'zk://127.0.0.1:2181', options)
  target = await connect(process.env.ANYKEEPER_STORE ?? 'memory:', options)
  console.log('copying')
  await again(() => deleteRecursive(target, ROOT))
  console.log(`copied: ${await copy()} znodes`)
})
after(async () => {
  await source?.close()
  await target?.close()
})

/** Containers and znodes with a TTL become persistent ones: no read shows what they are. */
async function copy(): Promise<number> {
  let count = 0
  for await (const { path, stat } of walk(source, ROOT)) {
    if (!isCopied(stat)) continue
    const { data } = await source.getData(path)
    const { acl } = await source.getAcl(path)
    await again(() => createOrSet(target, path, data))
    await again(() => target.setAcl(path, acl))
    count += 1
  }
  return count
}

const isCopied = ({ ephemeralOwner }: Stat): boolean => ephemeralOwner === 0n

/** For what may be done twice. */
async function again<T>(call: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + OUTAGE_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      const isAway = error instanceof ZnodeError && error.code === 'ZK_CONNECTION_LOSS'
      if (!isAway || performance.now() > endMs) throw error
    }
  }
}

/** What the application needs of its tree, as a value to compare. Put your own here. */
async function check(zk: ZooKeeper): Promise<unknown> {
  const paths: [path: string, text: string][] = []
  for await (const { path, stat } of walk(zk, ROOT)) {
    if (!isCopied(stat)) continue
    paths.push([path, String((await zk.getData(path)).data ?? '')])
  }
  const config = JSON.parse(paths.find(([path]) => path === `${ROOT}/config`)?.[1] ?? '{}')
  return { paths, config }
}

test('the application finds the same on both', async () => {
  assert.deepEqual(await check(target), await check(source))
})

test('each znode has the same ACL on both', async () => {
  for await (const { path, stat } of walk(source, ROOT)) {
    if (!isCopied(stat)) continue
    const [there, here] = [await source.getAcl(path), await target.getAcl(path)]
    assert.deepEqual(here.acl, there.acl, path)
  }
})
