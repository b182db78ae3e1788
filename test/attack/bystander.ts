/**
 * An ordinary client in a process of its own, so that the attacker's work does not count as the server's: a read
 * or a write every few milliseconds, each after the other was answered. Its parent asks it for what it saw.
 */
import { RawClient } from '../support/raw-client.ts'

/** What the bystander saw since it was asked last. */
export interface Seen {
  readonly answered: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Requests that got an error or no answer, and connections that could not be opened. */
  readonly failed: number
  /** Of the same, the connections that ended. */
  readonly disconnected: number
}

const PAUSE_MS = 5
const WRITE_EVERY = 4
const TIMEOUT_MS = 10_000
/** As clients do: without an answer for two thirds of the session's timeout they try another server. */
const ANSWER_MS_MAX = (TIMEOUT_MS * 2) / 3

const port = Number(process.argv[2])
let latencies: number[] = []
let failed = 0
let disconnected = 0
/** Since when a request has been waiting; NaN: none is. */
let waitingSinceMs = Number.NaN
let client: RawClient | undefined

async function connected(): Promise<RawClient> {
  if (client?.closed === false) return client
  if (client !== undefined) disconnected++
  client = await RawClient.connect({
    port,
    timeoutMs: TIMEOUT_MS,
    ...(client === undefined ? {} : { sessionId: client.sessionId, password: client.password }),
  })
  return client
}

async function once(count: number): Promise<void> {
  const current = await connected()
  const deadline = setTimeout(() => current.destroy(), ANSWER_MS_MAX)
  try {
    const reply =
      count % WRITE_EVERY === 0
        ? await current.setData('/bystander', String(count))
        : await current.getData('/bystander')
    if (reply.err !== 0) failed++
  } finally {
    clearTimeout(deadline)
  }
}

function seen(): Seen {
  const now = performance.now()
  const all = Number.isNaN(waitingSinceMs) ? [...latencies] : [...latencies, now - waitingSinceMs]
  const sorted = all.sort((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  const report = {
    answered: latencies.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: sorted.at(-1) ?? 0,
    failed,
    disconnected,
  }
  latencies = []
  failed = 0
  disconnected = 0
  return report
}

process.on('message', () => process.send?.(seen()))
process.on('disconnect', () => process.exit(0))

const first = await connected()
await first.create('/bystander')
process.send?.('ready')
for (let count = 1; ; count++) {
  const startMs = performance.now()
  waitingSinceMs = startMs
  try {
    await once(count)
    latencies.push(performance.now() - startMs)
  } catch {
    failed++
    latencies.push(performance.now() - startMs)
  }
  waitingSinceMs = Number.NaN
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
}
