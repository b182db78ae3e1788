/**
 * One sequence on a fresh store, and what must hold: a bystander is answered meanwhile, a new client is served after
 * it, another proxy on the store has the same tree, and so has a restart after a crash, and a copy.
 * Neighbours: play, beds.
 */
import { Bystander } from '../attack/attack-run.ts'
import { RawClient } from '../support/raw-client.ts'
import type { Sequence } from './actions.ts'
import { type Bed, type BedOptions, openBed, type Serving } from './beds.ts'
import { Failed, type Finding, type Kind } from './finding.ts'
import { BYSTANDER, difference, pictureOf } from './picture.ts'
import { play } from './play.ts'

export interface CheckOptions extends BedOptions {
  /** How long a bystander may wait for one answer, ms. */
  readonly waitMsMax: number
  /** How long the bystander goes on behind the last action, ms: what is written behind is written meanwhile. Default 0. */
  readonly afterMs?: number
  /** The longest that the bystander waited for an answer, ms. */
  readonly onWaited?: (ms: number) => void
}

/** Longer than any part takes on a server that is well, ms. */
const PART_MS_MAX = 120_000

async function part<T>(kind: Kind, msMax: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${msMax / 1_000} s`)), msMax)
  })
  try {
    return await Promise.race([work(), late])
  } catch (error) {
    if (error instanceof Failed) throw error
    throw new Failed(kind, (error as Error).message.split('\n').slice(0, 4).join(' | '))
  } finally {
    clearTimeout(timer)
  }
}

/** A new client writes, so that what is behind the journal is written too, and writes again. */
async function isServed(port: number): Promise<void> {
  for (let i = 0; i < 2; i++) {
    const client = await RawClient.connect({ port, timeoutMs: 10_000 })
    const { err } = await client.setData(BYSTANDER, `probe ${i}`)
    await client.close()
    if (err !== 0) throw new Error(`setData is answered ${err}`)
  }
}

/** @returns undefined: all of it holds */
export async function check(
  sequence: Sequence,
  options: CheckOptions,
): Promise<Finding | undefined> {
  const bed = await openBed(options)
  let bystander: Bystander | undefined
  try {
    const serving = await bed.serve()
    bystander = await Bystander.start(serving.port)
    await playBeside(bystander, sequence, serving, options)
    bystander.stop()
    await part('nobody is served', PART_MS_MAX, () => isServed(serving.port))
    await compare(bed, serving)
    return undefined
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    return { kind: error.kind, what: error.message }
  } finally {
    bystander?.stop()
    await bed.close()
  }
}

async function playBeside(
  bystander: Bystander,
  sequence: Sequence,
  { port }: Serving,
  { waitMsMax, afterMs = 0, onWaited }: CheckOptions,
): Promise<void> {
  await bystander.seen()
  let worstMs = 0
  let disturbed = 0
  const look = async () => {
    const seen = await bystander.seen()
    worstMs = Math.max(worstMs, seen.maxMs)
    onWaited?.(worstMs)
    disturbed += seen.failed + seen.disconnected
    if (worstMs > waitMsMax) throw new Failed('bystander waited', `${Math.round(worstMs)} ms`)
  }
  let done = false
  const playing = part('nobody is served', PART_MS_MAX + afterMs, async () => {
    await play(sequence, port)
    await new Promise((resolve) => setTimeout(resolve, afterMs))
  }).finally(() => {
    done = true
  })
  // Looked at meanwhile: a server that hangs is not waited for.
  const looking = (async () => {
    while (!done) {
      await look()
      await Promise.race([playing.catch(() => {}), new Promise((ok) => setTimeout(ok, 250))])
    }
  })()
  await Promise.all([playing, looking])
  await look()
  if (disturbed > 0) throw new Failed('bystander disturbed', `${disturbed} times`)
}

async function compare(bed: Bed, serving: Serving): Promise<void> {
  const living = await part('nobody is served', PART_MS_MAX, () => pictureOf(serving.port))
  const expectSame = async (kind: Kind, served: Serving) => {
    const found = difference(living, await pictureOf(served.port))
    if (found !== undefined) throw new Failed(kind, found)
  }
  if (bed.isShared) {
    await part('another replica differs', PART_MS_MAX, async () =>
      expectSame('another replica differs', await bed.serve()),
    )
  }
  await bed.crash()
  const again = await part('no restart', PART_MS_MAX, () => bed.serve())
  await part('no restart', PART_MS_MAX, async () => {
    await expectSame('a restart differs', again)
    await isServed(again.port)
    await again.stop()
  })
  await part('no copy', PART_MS_MAX, async () => expectSame('a copy differs', await bed.copy()))
}
