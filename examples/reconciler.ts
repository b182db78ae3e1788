/**
 * A reconciler of which any number may run, and one works at a time: whoever leads makes /app/actual follow /app/desired.
 * It may be stopped, cut off or replaced at any moment: it reads before each step, and writes only over what it has read.
 */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Held, LeaderLatch, mkdirp, ZnodeError } from 'anykeeper'

const DESIRED = '/app/desired'
const ACTUAL = '/app/actual'
/** Also without an event it looks again: a step may have failed. */
const RESYNC_MS = 5_000

/** The token is that of the leader that wrote it. */
type Actual = { readonly value: string; readonly token: number }

// A member in this process; zk://host:2181 is a client of anykeeper's proxies, or of Apache ZooKeeper.
const url = process.env.ANYKEEPER_STORE ?? 'etcd://127.0.0.1:2379'
const zk = await connect(url, { timeoutMs: 10_000, renew: true })
const latch = new LeaderLatch(zk, '/app/leader', {
  id: `${hostname()}:${process.pid}`,
  onElected: lead,
  onLost: () => console.log('leading no more'),
  onError: (error) => console.error('election:', error),
})
await latch.start()

async function lead({ token, signal }: Held): Promise<void> {
  console.log(`leading, token ${token}`)
  while (!signal.aborted) {
    let changed = () => {}
    const untilChanged = new Promise<void>((resolve) => {
      changed = resolve
    })
    try {
      await reconcile(token, changed)
    } catch (error) {
      // Out of reach, or another leader was faster: it looks again.
      if (!(error instanceof ZnodeError)) throw error
      console.log(`not now: ${error.code}`)
    }
    const later = sleep(RESYNC_MS, undefined, { signal, ref: false }).catch(() => {})
    await Promise.race([untilChanged, later])
  }
}

async function reconcile(token: number, changed: () => void): Promise<void> {
  for (const path of [DESIRED, ACTUAL]) await mkdirp(zk, path)
  const desired = String((await zk.getData(DESIRED, changed)).data ?? '')
  const { data, stat } = await zk.getData(ACTUAL, changed)
  const actual = JSON.parse(String(data ?? '{"value":"","token":0}')) as Actual
  if (actual.token > token) throw new Error(`a later leader was here, with token ${actual.token}`)
  if (actual.value === desired) return
  const next: Actual = { value: desired, token }
  await zk.setData(ACTUAL, Buffer.from(JSON.stringify(next)), stat.version)
  console.log(`reconciled to ${desired}`)
}

// Ends the session, and with it the candidate; then the member and its store.
process.once('SIGTERM', () => zk.close())
