/**
 * A consumer of the change feed and the proxies that its changes come through are killed again and again, on a real
 * etcd. Its file must have every committed transaction once, in the order of the journal.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openStore } from '../../adapters/index.ts'
import { digestOf } from '../../lib/index.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { type Child, spawnChild } from '../support/child.ts'
import { startEtcd } from '../support/etcd-server.ts'
import { freePort } from '../support/free-port.ts'
import { mulberry32 } from '../support/mulberry32.ts'
import { etcdProgram } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { JournalLog } from './journal-log.ts'
import { lastLine } from './line.ts'
import { FeedLoad } from './load.ts'

export interface FeedRunOptions {
  /** The load ends behind so many. */
  readonly changes: number
  readonly kills: number
  readonly seed: number
  /** The consumer is a member of its own, or a client of the proxies. @default store */
  readonly over?: 'store' | 'wire'
  readonly onKill?: (line: string) => void
}

export interface FeedRunReport {
  readonly changes: number
  readonly consumerKills: number
  readonly proxyKills: number
  /** From the first change to the last. Unit: ms. */
  readonly loadMs: number
  /** From the last change until the consumer had it. Unit: ms. */
  readonly restMs: number
  /** Of the consumer. Unit: bytes. */
  readonly rssMax: number
  /** Of a change in the journal. Unit: bytes. */
  readonly bytesPerChange: number
}

const CONSUMER = fileURLToPath(new URL('consumer.ts', import.meta.url))
const CLIENTS = 4
const SUPER = 'super:of-this-test'
/** A consumer that is killed again before it has caught up finds what it needs. */
const KEPT = ['--max-journal-kept-bytes', '16777216', '--max-journal-kept', '100000']
/** How far the load may be ahead of the kills. */
const KILLS_AHEAD = 3
/** Of the kills; the others are of the consumer. */
const PROXY_SHARE = 0.3
/** Of the consumer's, those that do not wait until it has read something since its start. */
const KILLED_EARLY_SHARE = 0.2
/** Without a change for so long, something stands still. Unit: ms. */
const STILL_MS_MAX = 60_000

export async function feedRun(options: FeedRunOptions): Promise<FeedRunReport> {
  const folder = temporaryFolder('feed')
  const etcd = await startEtcd({ binary: etcdProgram(), flags: ['--max-txn-ops=4096'] })
  const url = `etcd://${etcd.host}`
  const store = await openStore(url)
  const proxies: AnykeeperProcess[] = []
  const superDigest = digestOf(Buffer.from(SUPER)) as string
  let consumer: Consumer | undefined
  try {
    for (let i = 0; i < 2; i++) {
      const options = { store: url, superDigest, args: ['--log-level', 'error', ...KEPT] }
      proxies.push(await new AnykeeperProcess(await freePort(), options).start())
    }
    const log = await JournalLog.follow(store)
    const servers = proxies.map(({ connectString }) => connectString).join(',')
    const source = options.over === 'wire' ? `zk://${servers}` : url
    consumer = new Consumer(source, join(folder, 'changes'))
    await consumer.start()
    return await hunt(options, proxies, consumer, log)
  } finally {
    await consumer?.kill()
    for (const proxy of proxies) await proxy.kill()
    await store.close()
    await etcd.stop()
    removeFolder(folder)
  }
}

async function hunt(
  { changes, kills, seed, onKill }: FeedRunOptions,
  proxies: readonly AnykeeperProcess[],
  consumer: Consumer,
  log: JournalLog,
): Promise<FeedRunReport> {
  const random = mulberry32(seed)
  const startMs = performance.now()
  const perKill = changes / (kills + 1)
  let killed = 0
  const load = new FeedLoad(
    proxies.map(({ port }) => port),
    CLIENTS,
    // Writes continue while something is killed and started again, but not without end.
    () => log.lines.length > perKill * (killed + KILLS_AHEAD),
  )
  let [consumerKills, proxyKills] = [0, 0]
  let restarting: Promise<unknown> = Promise.resolve()
  try {
    for (let kill = 1; kill <= kills + 1; kill++) {
      await reached(log, Math.floor(perKill * (kill - random() * 0.8)), consumer)
      if (kill > kills) break
      await restarting
      killed++
      if (random() < PROXY_SHARE) {
        proxyKills++
        const proxy = proxies[proxyKills % proxies.length]!
        await proxy.kill()
        restarting = proxy.start()
      } else {
        consumerKills++
        // Some are killed before they have read anything.
        if (random() > KILLED_EARLY_SHARE) {
          const { startedAt } = consumer
          const ahead = log.lines.at(-1)!.zxid - startedAt
          await consumer.reaches(startedAt + Math.floor(ahead * random()))
        }
        await consumer.kill()
        restarting = consumer.start()
      }
      // Awaited above; a failure before that is not unhandled.
      restarting.catch(() => {})
      onKill?.(`kill ${kill}: ${log.lines.length} changes, ${consumer.last} read`)
    }
    await restarting
    killed = Number.POSITIVE_INFINITY
    await reached(log, changes, consumer)
  } finally {
    await load.stop()
  }
  const loadMs = performance.now() - startMs
  const last = await settled(log)
  await consumer.reaches(last)
  const restMs = performance.now() - startMs - loadMs
  await consumer.kill()
  await log.stop()
  compare(consumer.lines(), log)
  const bytesPerChange = log.bytes / log.lines.length
  const { rssMax } = consumer
  return {
    ...{ changes: log.lines.length, consumerKills, proxyKills },
    ...{ loadMs, restMs, rssMax, bytesPerChange },
  }
}

async function reached(log: JournalLog, count: number, consumer: Consumer): Promise<void> {
  let atMs = performance.now()
  for (let seen = -1; log.lines.length < count; ) {
    if (log.lines.length > seen) atMs = performance.now()
    seen = log.lines.length
    if (performance.now() - atMs > STILL_MS_MAX) throw new Error(`no change behind ${seen}`)
    consumer.check()
    await sleep(20)
  }
}

/** zxid of the last change, once the sessions that were left behind have ended. */
async function settled(log: JournalLog): Promise<number> {
  for (let seen = -1; log.lines.length > seen; ) {
    seen = log.lines.length
    await sleep(3_000)
  }
  return log.lines.at(-1)!.zxid
}

/** Every one of the log, once, in its order; the first ones were in the snapshot. */
function compare(lines: readonly string[], log: JournalLog): void {
  const [live = '', ...rest] = lines
  const [zxid = '', word] = live.split(' ')
  if (word !== 'live') throw new Error(`the first line is no snapshot's end: ${live}`)
  const expected = log.lines.filter((line) => line.zxid > Number(zxid))
  for (const [index, { zxid: at, hash }] of expected.entries()) {
    const line = rest[index] ?? ''
    if (line.startsWith(`${at} ${hash} `)) continue
    throw new Error(`change ${index} is ${at} ${hash} in the journal, "${line}" in the feed`)
  }
  const more = rest.slice(expected.length)
  if (more.length > 0) throw new Error(`the feed has ${more.length} more: ${more[0]}`)
}

class Consumer {
  rssMax = 0
  /** zxid that it had read when it was started last. */
  startedAt = 0
  readonly #url: string
  readonly #path: string
  #child: Child | undefined

  constructor(url: string, path: string) {
    this.#url = url
    this.#path = path
  }

  async start(): Promise<void> {
    this.startedAt = this.last
    this.#child = spawnChild({
      name: 'consumer',
      command: process.execPath,
      args: ['--import', 'tsx', CONSUMER, this.#url, this.#path, SUPER],
    })
    await this.#child.waitForLine(/^open after/)
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child === undefined) return
    await child.kill()
    for (const [, rss] of child.output.matchAll(/^rss (\d+)$/gm)) {
      this.rssMax = Math.max(this.rssMax, Number(rss))
    }
  }

  /** Throws when it ended by itself: its feed did. */
  check(): void {
    const child = this.#child
    if (child !== undefined && !child.running) throw new Error(`it ended:\n${child.output}`)
  }

  lines(): string[] {
    return readFileSync(this.#path, 'latin1').trimEnd().split('\n')
  }

  /** zxid that it has read; 0: none. */
  get last(): number {
    return existsSync(this.#path) ? Number(lastLine(this.#path).line.split(' ')[0]) : 0
  }

  async reaches(zxid: number): Promise<void> {
    const endMs = performance.now() + STILL_MS_MAX
    while (this.last < zxid) {
      this.check()
      if (performance.now() > endMs) throw new Error(`it is at ${this.last} of ${zxid}`)
      await sleep(50)
    }
  }
}
