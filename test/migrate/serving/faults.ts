/** What can happen while a take-over waits for the proxies that serve for the ensemble, each with what must come of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { TakenOver } from '../../../lib/migrate/take-over.ts'
import type { AnykeeperProcess } from '../../support/anykeeper-process.ts'
import { eventually } from '../../support/eventually.ts'
import { type DyingPoint, type FaultBed, LATE_MS } from './fault-bed.ts'

interface Fault {
  readonly title: string
  /** @throws {Error} it is not so */
  readonly run: (bed: FaultBed) => Promise<void>
}

export type FaultName =
  | 'killed'
  | 'killed-stopped'
  | 'paused'
  | 'paused-long'
  | 'take-over-killed'
  | 'take-over-killed-anywhere'
  | 'follower-killed'
  | 'follower-away'

/** Longer than its lease, and than requests wait. Unit: ms. */
const LONG_MS = 20_000
/** Shorter than its lease. Unit: ms. */
const SHORT_MS = 3_000

/** Begins a take-over that waits: A does not answer, and B has stopped. */
async function waiting(bed: FaultBed): Promise<Promise<TakenOver>[]> {
  bed.mark()
  bed.a.child.signal('SIGSTOP')
  const taking = bed.takeOver()
  await bed.stopped(1)
  return [taking]
}

/** As an operator does it. @returns what it says */
async function command(bed: FaultBed, ...args: string[]): Promise<string> {
  const child = bed.command('migrate', ...args)
  const { code } = await child.exited
  await child.outputEnded
  expect(code, child.output).to.equal(0)
  return child.output
}

/** No client of B has noticed anything but a wait. */
function expectUndisturbed(bed: FaultBed): void {
  expect(bed.states(1), 'states of the client of B').to.deep.equal([])
}

async function expectOver(bed: FaultBed): Promise<void> {
  const record = await bed.record()
  expect(record).to.include({ phase: 'taken' })
  expect(record).to.not.have.property('freeze')
}

/** No ensemble leads any more. */
async function servesItself(proxy: AnykeeperProcess): Promise<boolean> {
  return /^Mode: (standalone|leader|follower)$/m.test(await proxy.fourLetterWord('srvr'))
}

/** Nobody waits for it, or the tree is taken over; in both cases the next one does what is left. */
async function killedTakeOver(bed: FaultBed, points: readonly DyingPoint[]): Promise<void> {
  bed.mark()
  let isOver = false
  for (const point of points) {
    if (isOver) break
    await bed.dyingTakeOver(point)
    await bed.more()
    isOver = await servesItself(bed.a)
    if (point === 'marked' || point === 'frozen') expect(isOver, point).to.equal(false)
    if (point === 'committed') expect(isOver, point).to.equal(true)
    expect(await bed.record()).to.include({ phase: 'following' })
  }
  expect(await command(bed, 'take-over')).to.match(/^taken over before: /m)
  expect(await command(bed, 'status')).to.match(/^phase +taken$/m)
  await bed.more()
  for (const at of [0, 1] as const) expect(bed.states(at)).to.deep.equal([])
  await expectOver(bed)
  expect(await bed.problems(bed.a)).to.deep.equal([])
}

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  killed: {
    title:
      'a proxy that is killed is not waited for longer than its lease, and its client moves with its session',
    run: async (bed) => {
      const [taking] = await waiting(bed)
      await bed.a.kill()
      await taking
      await bed.more()
      expectUndisturbed(bed)
      expect(bed.states(0)).to.deep.equal(['suspended', 'connected'])
      await expectOver(bed)
      expect(await bed.problems(bed.b)).to.deep.equal([])
    },
  },
  'killed-stopped': {
    title:
      'a proxy that is killed when it has stopped loses nothing, and its client moves with its session',
    run: async (bed) => {
      const [taking] = await waiting(bed)
      await bed.b.kill()
      bed.a.child.signal('SIGCONT')
      await taking
      await bed.more()
      expect(bed.states(1)).to.deep.equal(['suspended', 'connected'])
      await expectOver(bed)
      expect(await bed.problems(bed.a)).to.deep.equal([])
    },
  },
  paused: {
    title: 'a proxy that is paused for less than its lease is waited for',
    run: async (bed) => {
      const [taking] = await waiting(bed)
      await sleep(SHORT_MS)
      bed.a.child.signal('SIGCONT')
      await taking
      await bed.more()
      expectUndisturbed(bed)
      await expectOver(bed)
      expect(await bed.problems(bed.a)).to.deep.equal([])
    },
  },
  'paused-long': {
    title:
      'a proxy that is paused for longer is not waited for, and takes nothing from the others when it is back',
    run: async (bed) => {
      const [taking] = await waiting(bed)
      await taking
      await bed.more([bed.writers[1]!])
      await sleep(LONG_MS)
      bed.a.child.signal('SIGCONT')
      await eventually('A as a proxy of its own', () => servesItself(bed.a), LATE_MS)
      await bed.more()
      expectUndisturbed(bed)
      expect(bed.states(0)).to.deep.equal(['suspended', 'connected'])
      await expectOver(bed)
      expect(await bed.problems(bed.a)).to.deep.equal([])
    },
  },
  'take-over-killed': {
    title:
      'a take-over that is killed before its commit disconnects nobody; killed behind it, the next one finishes it',
    run: (bed) => killedTakeOver(bed, ['frozen', 'committed']),
  },
  'take-over-killed-anywhere': {
    title: 'the same, at four points',
    run: (bed) => killedTakeOver(bed, ['marked', 'frozen', 'sent', 'committed']),
  },
  'follower-killed': {
    title:
      'a follower that is killed and started again disconnects nobody, and the take-over has everything',
    run: async (bed) => {
      bed.mark()
      const { follower } = bed
      // It waits to take the place of the first.
      bed.follow()
      await bed.follower.waitForLine(/waiting to take its place/)
      await follower.kill()
      await bed.more()
      expectUndisturbed(bed)
      expect(bed.states(0)).to.deep.equal([])
      expect(await command(bed, 'take-over')).to.match(/^taken over: /m)
      await bed.more()
      await expectOver(bed)
      expect(await bed.problems(bed.b)).to.deep.equal([])
    },
  },
  'follower-away': {
    title:
      'without a follower clients are disconnected, no take-over waits, and all continues when there is one',
    run: async (bed) => {
      bed.mark()
      await bed.follower.kill()
      await eventually('disconnected clients', () => bed.states(0).includes('suspended'), LATE_MS)
      const refused = bed.command('migrate', 'take-over')
      expect((await refused.exited).code).to.not.equal(0)
      await refused.outputEnded
      expect(refused.output).to.match(/run anykeeper migrate follow/)
      bed.follow()
      await bed.more()
      for (const at of [0, 1] as const) expect(bed.states(at)).to.not.include('expired')
      expect(await command(bed, 'take-over')).to.match(/^taken over: /m)
      await bed.more()
      await expectOver(bed)
      expect(await bed.problems(bed.b)).to.deep.equal([])
    },
  },
}
