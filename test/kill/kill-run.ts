/** Kills a server on a file store under load, again and again, and looks at what is left each time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { ClientLoad } from './load.ts'

export interface KillOptions {
  readonly times: number
  readonly seed: number
  readonly from: 'dist' | 'sources'
  readonly onRound?: (line: string) => void
}

export interface KillReport {
  readonly kills: number
  /** Writes that were acknowledged before a kill, all found again. */
  readonly acknowledged: number
  readonly sessionsResumed: number
  readonly sessionsExpired: number
}

const CLIENTS = 4
/** From the first answer to the kill, at most. Unit: ms. */
const LOAD_MS_MAX = 700
/** Of the sessions that are left to expire. Unit: ms. */
const SHORT_TIMEOUT_MS = 2_000

export async function killRun(options: KillOptions): Promise<KillReport> {
  const folder = temporaryFolder('kill')
  const server = new AnykeeperProcess(await freePort(), {
    store: `file:${folder}`,
    from: options.from,
    tickTimeMs: 500,
    minSessionTimeoutMs: SHORT_TIMEOUT_MS,
    maxSessionTimeoutMs: 60_000,
    args: ['--log-level', 'warn'],
  })
  try {
    return await rounds(server, options)
  } finally {
    await server.kill()
    removeFolder(folder)
  }
}

async function rounds(
  server: AnykeeperProcess,
  { times, seed, onRound }: KillOptions,
): Promise<KillReport> {
  const random = generator(seed)
  const all: ClientLoad[] = []
  const abandoned: ClientLoad[] = []
  const { port } = server
  let acknowledged = 0
  let sessionsResumed = 0
  await server.start()
  for (let round = 0; round < times; round++) {
    const loads = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        ClientLoad.start(port, `/r${round}-${i}`, i % 2 === 0 ? 20_000 : SHORT_TIMEOUT_MS),
      ),
    )
    const running = loads.map((load) => load.run())
    await underWay(loads)
    await sleep(random() * LOAD_MS_MAX)
    await server.kill()
    await Promise.all(running)
    const restartMs = performance.now()
    await server.start()
    const reader = await RawClient.connect({ port })
    await Promise.all(loads.map((load) => load.verifyEphemeral(reader, restartMs)))
    for (const load of loads) {
      await load.verify(reader)
      acknowledged += load.acknowledgedCount
    }
    for (const [i, load] of loads.entries()) {
      if (i % 2 === 1) abandoned.push(load)
      else {
        await load.resume(port)
        sessionsResumed++
      }
    }
    await reader.close()
    all.push(...loads)
    const here = loads.reduce((sum, load) => sum + load.acknowledgedCount, 0)
    onRound?.(`kill ${round + 1} of ${times}: ${here} acknowledged writes, all there`)
  }
  const reader = await RawClient.connect({ port })
  for (const load of all) await load.verifyAgain(reader)
  await expired(reader, abandoned)
  await reader.close()
  return { kills: times, acknowledged, sessionsResumed, sessionsExpired: abandoned.length }
}

/** On a busy machine the first answer may take a while. */
async function underWay(loads: readonly ClientLoad[]): Promise<void> {
  const endMs = performance.now() + 5_000
  while (!loads.some((load) => load.acknowledgedCount > 0)) {
    if (performance.now() > endMs) throw new Error('nothing was acknowledged in 5 s')
    await sleep(1)
  }
}

/** Sessions that nobody took up again end, and their ephemerals with them. */
async function expired(reader: RawClient, abandoned: readonly ClientLoad[]): Promise<void> {
  const endMs = performance.now() + 30_000
  for (const { ephemeral } of abandoned) {
    while ((await reader.exists(ephemeral)).err === 0) {
      expect(performance.now(), `${ephemeral} outlives its session`).to.be.below(endMs)
      await sleep(200)
    }
  }
}

/** mulberry32 */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
