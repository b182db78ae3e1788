/**
 * The library's Mutex and LeaderLatch, handed from one session to the next as fast as they go. Argument: the order, as
 * JSON. Prints a line of JSON. Neighbours: hand_over.py and HandOver.java do the same with kazoo and Curator.
 */
import { connect, LeaderLatch, Mutex, type ZooKeeper } from '../../index.ts'

const { url, path, contenders, seconds, recipe } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly url: string
  readonly path: string
  readonly contenders: number
  readonly seconds: number
  readonly recipe: 'lock' | 'election'
}

/** From one's release to another's return, each. Unit ms. */
const handOvers: number[] = []
let releasedMs: number | undefined
let isMeasuring = false
let isDone = false

function held(): void {
  if (releasedMs !== undefined && isMeasuring) handOvers.push(performance.now() - releasedMs)
  releasedMs = performance.now()
}

async function lock(zk: ZooKeeper): Promise<void> {
  const mutex = new Mutex(zk, path)
  while (!isDone) {
    const lease = await mutex.acquire()
    held()
    await lease.release()
  }
}

async function election(zk: ZooKeeper): Promise<void> {
  while (!isDone) {
    const latch = new LeaderLatch(zk, path)
    await latch.waitForLeadership()
    held()
    await latch.close()
  }
}

const clients = await Promise.all(
  Array.from({ length: contenders }, () => connect(url, { timeoutMs: 30_000 })),
)
const after = (ms: number, run: () => void) => setTimeout(run, ms)
after(1_000, () => {
  isMeasuring = true
})
after(1_000 + seconds * 1_000, () => {
  isMeasuring = false
  isDone = true
})
await Promise.all(clients.map(recipe === 'lock' ? lock : election))
await Promise.all(clients.map((client) => client.close()))
console.log(JSON.stringify({ handOvers }))
