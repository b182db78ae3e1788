/** Kills servers under load, again and again, and looks at what is left each time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { mulberry32 } from '../support/mulberry32.ts'
import type { RawClient } from '../support/raw-client.ts'
import { BEDS, type Bed, type BedName } from './beds.ts'
import { ClientLoad } from './load.ts'
import { served } from './served.ts'

export interface KillOptions {
  readonly store: BedName
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
  /** Kills of the store alone, over which the proxy resumed by itself. */
  readonly proxyStayed: number
  /** Connections of clients that lived through those. */
  readonly connectionsKept: number
  /** The longest start after a kill, until it was ready. Unit: ms. */
  readonly startMsMax: number
}

export const CLIENTS = 4
/** From the first answer to the kill, at most. Unit: ms. */
const LOAD_MS_MAX = 700
/** Of the sessions that are left to expire. Unit: ms. */
const SHORT_TIMEOUT_MS = 2_000

export async function killRun(options: KillOptions): Promise<KillReport> {
  const { store, from } = options
  const bed = await BEDS[store]({ from, sessionTimeoutMsMin: SHORT_TIMEOUT_MS })
  try {
    return await rounds(bed, options)
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${bed.output()}`, { cause: error })
  } finally {
    await bed.stop()
  }
}

async function rounds(bed: Bed, { times, seed, onRound }: KillOptions): Promise<KillReport> {
  const random = mulberry32(seed)
  const all: ClientLoad[] = []
  const abandoned: ClientLoad[] = []
  const { port } = bed
  let acknowledged = 0
  let sessionsResumed = 0
  let stayed = 0
  let connectionsKept = 0
  let startMsMax = 0
  for (let round = 0; round < times; round++) {
    const loads = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        ClientLoad.start(port, `/r${round}-${i}`, i % 2 === 0 ? 20_000 : SHORT_TIMEOUT_MS),
      ),
    )
    const running = loads.map((load) => load.run())
    await underWay(loads)
    await sleep(random() * LOAD_MS_MAX)
    const { proxyStays } = await bed.kill(random)
    if (!proxyStays) await Promise.all(running)
    const restartMs = performance.now()
    await bed.restart()
    const startMs = performance.now() - restartMs
    startMsMax = Math.max(startMsMax, startMs)
    if (proxyStays) {
      stayed++
      await Promise.all(loads.map(goesOn))
      const kept = await Promise.all(loads.map((load, i) => load.finish(running[i]!)))
      connectionsKept += kept.filter(Boolean).length
    }
    await served(port, async (reader) => {
      await Promise.all(loads.map((load) => load.verifyEphemeral(reader, restartMs)))
      for (const load of loads) await load.verify(reader)
    })
    for (const load of loads) acknowledged += load.acknowledgedCount
    for (const [i, load] of loads.entries()) {
      if (i % 2 === 1) abandoned.push(load)
      else {
        await load.resume(port)
        sessionsResumed++
      }
    }
    all.push(...loads)
    const here = loads.reduce((sum, load) => sum + load.acknowledgedCount, 0)
    const started = `ready after ${Math.round(startMs)} ms`
    onRound?.(`kill ${round + 1} of ${times}: ${here} acknowledged writes, all there; ${started}`)
  }
  await served(port, async (reader) => {
    for (const load of all) await load.verifyAgain(reader)
    await expired(reader, abandoned)
  })
  return {
    kills: times,
    acknowledged,
    sessionsResumed,
    sessionsExpired: abandoned.length,
    proxyStayed: stayed,
    connectionsKept,
    startMsMax,
  }
}

/** On a busy machine the first answer may take a while. */
async function underWay(loads: readonly ClientLoad[]): Promise<void> {
  const endMs = performance.now() + 5_000
  const gone = (): boolean => loads.every((load) => load.client.closed)
  while (!gone() && !loads.some((load) => load.acknowledgedCount > 0)) {
    if (performance.now() > endMs) throw new Error('nothing was acknowledged in 5 s')
    await sleep(1)
  }
}

/** Its store is there again: more is acknowledged, unless the client was disconnected meanwhile. */
async function goesOn(load: ClientLoad): Promise<void> {
  const before = load.acknowledgedCount
  const endMs = performance.now() + 10_000
  while (load.acknowledgedCount === before && !load.client.closed) {
    if (performance.now() > endMs) throw new Error(`${load.folder}: the proxy does not go on`)
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
