/**
 * A reconciler of which any number may run, and one works at a time: whoever leads makes /app/actual follow /app/desired.
 * It may be stopped, cut off or replaced at any moment: it reads before each step, and writes only over what it has read.
 */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  connect,
  type Held,
  Keeper,
  LeaderLatch,
  mkdirp,
  ZnodeError,
  type ZooKeeper,
} from 'anykeeper'
import { openStore } from 'anykeeper/adapters'

const DESIRED = '/app/desired'
const ACTUAL = '/app/actual'
/** Also without an event it looks again: a step may have failed. */
const RESYNC_MS = 5_000

/** The token is that of the leader that wrote it. */
type Actual = { readonly value: string; readonly token: number }

const store = await openStore(process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379')
const keeper = await Keeper.open({ store })
let close = await stand()

/** One candidate, on a session of its own. Returns what ends both. */
async function stand(): Promise<() => Promise<void>> {
  const client = await connect(keeper, {
    timeoutMs: 10_000,
    // A session that is over does not come back, nor does its candidate.
    onState: async (state) => {
      if (state === 'lost') close = await stand()
    },
  })
  const latch = new LeaderLatch(client, '/app/leader', {
    id: `${hostname()}:${process.pid}`,
    onElected: (leadership) => lead(client, leadership),
    onLost: () => console.log('leading no more'),
    onError: (error) => console.error('election:', error),
  })
  await latch.start()
  return async () => {
    await latch.close()
    await client.close()
  }
}

async function lead(client: ZooKeeper, { token, signal }: Held): Promise<void> {
  console.log(`leading, token ${token}`)
  while (!signal.aborted) {
    let changed = () => {}
    const untilChanged = new Promise<void>((resolve) => {
      changed = resolve
    })
    try {
      await reconcile(client, token, changed)
    } catch (error) {
      // Out of reach, or another leader was faster: it looks again.
      if (!(error instanceof ZnodeError)) throw error
      console.log(`not now: ${error.code}`)
    }
    const later = sleep(RESYNC_MS, undefined, { signal, ref: false }).catch(() => {})
    await Promise.race([untilChanged, later])
  }
}

async function reconcile(client: ZooKeeper, token: number, changed: () => void): Promise<void> {
  for (const path of [DESIRED, ACTUAL]) await mkdirp(client, path)
  const desired = String((await client.getData(DESIRED, changed)).data ?? '')
  const { data, stat } = await client.getData(ACTUAL, changed)
  const actual = JSON.parse(String(data ?? '{"value":"","token":0}')) as Actual
  if (actual.token > token) throw new Error(`a later leader was here, with token ${actual.token}`)
  if (actual.value === desired) return
  const next: Actual = { value: desired, token }
  await client.setData(ACTUAL, Buffer.from(JSON.stringify(next)), stat.version)
  console.log(`reconciled to ${desired}`)
}

process.once('SIGTERM', async () => {
  await close()
  await keeper.close()
  await store.close()
})
