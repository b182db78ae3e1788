/** One fault on a bed under load: what it cost, and whether all that was answered still holds. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bed } from './bed/bed.ts'
import { checkAtRest } from './checks/at-rest.ts'
import type { Fault, FaultContext } from './fault.ts'
import type { Load } from './load/load.ts'

export interface Row {
  readonly name: string
  readonly peer: Fault['peer']
  /** No write of anybody succeeded for so long. Unit: s. */
  readonly gapS: number
  readonly clients: number
  readonly disconnected: number
  readonly lost: number
  /** From the end of the fault until all clients were connected and all writers wrote. Unit: s. */
  readonly healthyS: number | undefined
  /** From when the store answered again until a write succeeded. Unit: s. */
  readonly afterBackS: number | undefined
  /** The oldest state that a read without sync showed. Unit: s. */
  readonly staleS: number
  readonly writes: number
  readonly violations: number
  readonly notes: readonly string[]
  /** For whoever wants to know more. Times in s from the fault's begin. */
  readonly timeline?: Timeline
}

export interface Timeline {
  readonly healedS: number
  readonly endS: number
  /** Times without a successful write that are longer than usual: from, to. */
  readonly gaps: readonly [number, number][]
  /** Why clients were disconnected, with how many, the first and the last time. */
  readonly disconnects: Readonly<Record<string, [count: number, first: number, last: number]>>
}

const settleMsMax = 90_000
const healthyMsMax = 60_000
/** Before and after the fault, so that the gaps have edges. */
const marginMs = 1_000

/** Rejects when the bed is of no more use. */
export async function measure<B extends Bed>(
  bed: B,
  load: Load,
  fault: {
    name: string
    peer: Fault['peer']
    prepare?: (bed: B) => Promise<void>
    run: (context: FaultContext<B>) => Promise<void>
  },
  random: () => number,
): Promise<Row> {
  const { witness } = load
  await untilHealthy(load, settleMsMax)
  witness.fault = `${fault.peer}: before ${fault.name}`
  await fault.prepare?.(bed)
  load.spread()
  await untilHealthy(load, settleMsMax)
  await sleep(marginMs)
  const violationsBefore = witness.violationCount
  witness.fault = `${fault.peer}: ${fault.name}`
  witness.staleMsMax = 0
  const errorsBefore = new Map(witness.errors)
  const notes: string[] = []
  const startMs = performance.now()
  let healedMs: number | undefined
  let backMs: number | undefined
  await fault.run({
    bed,
    load,
    witness,
    random,
    healed: () => {
      healedMs ??= performance.now()
    },
    back: (ms) => {
      backMs = ms
    },
    historyLost: () => {},
    note: (text) => {
      notes.push(text)
    },
  })
  healedMs ??= performance.now()
  const healthyMs = await untilHealthy(load, healthyMsMax, healedMs)
  if (healthyMs === undefined) {
    witness.violation('not healthy again', `${unhealthy(load, healedMs)} after ${healthyMsMax} ms`)
  }
  await sleep(marginMs)
  const endMs = performance.now()
  const writes = witness.ackMs.filter((ms) => ms >= startMs && ms <= endMs).length
  await atRest(bed, load)
  for (const [code, count] of witness.errors) {
    const more = count - (errorsBefore.get(code) ?? 0)
    if (more > 0) notes.push(`${more} × error ${code}`)
  }
  const firstAckMs = backMs === undefined ? undefined : witness.firstAckAfter(backMs)
  const row: Row = {
    name: fault.name,
    peer: fault.peer,
    gapS: witness.longestGapMs(startMs, endMs) / 1_000,
    ...clientsHit(load, startMs),
    healthyS: healthyMs === undefined ? undefined : (healthyMs - healedMs) / 1_000,
    afterBackS:
      backMs === undefined || firstAckMs === undefined ? undefined : (firstAckMs - backMs) / 1_000,
    staleS: witness.staleMsMax / 1_000,
    writes,
    violations: witness.violationCount - violationsBefore,
    notes,
    timeline: timelineOf(load, startMs, healedMs, endMs),
  }
  if (healthyMs === undefined) throw new UnhealthyBed(row)
  return row
}

/** The row that there is all the same. */
export class UnhealthyBed extends Error {
  readonly row: Row

  constructor(row: Row) {
    super(`not healthy again after ${row.name}`)
    this.row = row
  }
}

const gapShownMs = 300

function timelineOf({ witness }: Load, startMs: number, healedMs: number, endMs: number): Timeline {
  const seconds = (ms: number): number => Math.round(ms - startMs) / 1_000
  const acks = witness.ackMs.filter((ms) => ms >= startMs - gapShownMs && ms <= endMs)
  const gaps: [number, number][] = []
  for (let i = 1; i < acks.length; i++) {
    const [from, to] = [acks[i - 1]!, acks[i]!]
    if (to - from > gapShownMs) gaps.push([seconds(from), seconds(to)])
  }
  const disconnects: Record<string, [number, number, number]> = {}
  for (const { atMs, why } of witness.disconnects) {
    if (atMs < startMs) continue
    const key = why.replace(/\d+/g, 'n')
    const [count, first] = disconnects[key] ?? [0, seconds(atMs)]
    disconnects[key] = [count + 1, first, seconds(atMs)]
  }
  return { healedS: seconds(healedMs), endS: seconds(endMs), gaps, disconnects }
}

/** Clients of the load that were disconnected, and sessions of theirs that were lost, since then. */
export function clientsHit(
  { clients, witness }: Load,
  sinceMs: number,
): { clients: number; disconnected: number; lost: number } {
  const names = new Set(clients.map(({ name }) => name))
  const since = (entry: { atMs: number; name: string }): boolean =>
    entry.atMs >= sinceMs && names.has(entry.name)
  return {
    clients: clients.length,
    disconnected: new Set(witness.disconnects.filter(since).map(({ name }) => name)).size,
    lost: witness.losses.filter(since).length,
  }
}

export async function atRest(bed: Bed, load: Load): Promise<void> {
  try {
    await load.pause()
  } catch (error) {
    load.witness.violation('the load does not come to rest', String(error))
    throw error
  }
  await checkAtRest(
    load,
    bed.servers.map(({ port }) => port),
  )
  await load.newChapter()
  load.resume()
}

/** When it was; undefined: not within `msMax`. */
export async function untilHealthy(
  load: Load,
  msMax: number,
  sinceMs = performance.now(),
): Promise<number | undefined> {
  const endMs = performance.now() + msMax
  while (performance.now() < endMs) {
    if (load.isHealthySince(sinceMs)) return performance.now()
    await sleep(20)
  }
  return undefined
}

function unhealthy(load: Load, sinceMs: number): string {
  const off = load.roles.filter(
    (role) => !role.client.isConnected || (role.isWriter && role.lastAckMs <= sinceMs),
  )
  return off
    .map(({ client }) => `${client.name} ${client.isConnected ? 'connected' : 'disconnected'}`)
    .join(', ')
}
