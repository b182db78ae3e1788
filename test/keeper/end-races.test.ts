/**
 * What a call reports, when its result and an end arrive in the same tick: in both orders, so many microtasks apart, and
 * at each reply that it waits for. A write that was applied is never reported as one that was not; what was acquired or
 * taken is had by somebody; every call settles; what lives on follows what there is, and ends with its client.
 */
import { expect } from 'chai'
import { type Held, ZnodeError, type ZooKeeper } from '../../lib/index.ts'
import { type RacedCall, racedRecipes, racedVerbs } from '../support/end-races.ts'
import { racedLivings } from '../support/end-races-living.ts'
import { type GatedClient, openGated } from '../support/gated-transport.ts'
import { livenessBench, type Member, TIMEOUT_MS } from '../support/liveness-bench.ts'
import { settle } from '../support/manual-clock.ts'
import { connect } from '../support/recipe-bench.ts'

const { END_RACES = '' } = process.env
/** `END_RACES=all`: all of them for each reply; else one order and one distance in turn. */
const IS_ALL = END_RACES === 'all'
/** Microtasks between the two. */
const OFFSETS = Array.from({ length: 13 }, (_, i) => i)
const ORDERS = ['the reply first', 'the end first'] as const
/** Replies that a call waits for, at most. */
const REPLIES_MAX = 20
/** From a lost connection to the next one, and a repetition behind it. Unit ms. */
const BACK_MS = 2_500

interface Race extends GatedClient {
  readonly clock: { advance(ms: number): Promise<void> }
  readonly abort: AbortController
}

interface End {
  readonly name: string
  /** Of the call. */
  readonly timeoutMs?: number
  readonly renew?: true
  /** While the reply is held: what must have happened at the server by then. */
  prepare?(race: Race): void
  /** Happens synchronously. */
  run(race: Race): void
  /** The session is over. */
  readonly isOver: boolean
}

const ENDS: readonly End[] = [
  {
    name: 'an expired session',
    isOver: true,
    prepare: ({ gate }) => gate.endAtServer(),
    run: ({ gate }) => gate.end('expired'),
  },
  {
    name: 'an expired session, and another one follows',
    isOver: true,
    renew: true,
    prepare: ({ gate }) => gate.endAtServer(),
    run: ({ gate }) => gate.end('expired'),
  },
  { name: 'a close', isOver: true, run: ({ client }) => void client.close() },
  { name: 'an abort', isOver: false, run: ({ abort }) => abort.abort() },
  { name: 'a timeout', isOver: false, timeoutMs: 1, run: ({ clock }) => void clock.advance(1) },
  { name: 'a lost connection', isOver: false, run: ({ gate }) => gate.end('away') },
]

describe('a result and an end in the same tick', () => {
  const bench = livenessBench()
  let member: Member
  let observer: ZooKeeper
  let count = 0

  let turn = 0
  const orders = (before: number): readonly string[] =>
    IS_ALL ? ORDERS : [ORDERS[(turn + before) % 2] as string]
  const offsets = (): readonly number[] => {
    turn = (turn + 5) % OFFSETS.length
    return IS_ALL ? OFFSETS : [turn]
  }

  beforeEach(async () => {
    member = await bench.start()
    observer = await connect(member)
  })

  for (const raced of [...racedVerbs, ...racedRecipes, ...racedLivings]) {
    describe(raced.name, () => {
      for (const end of ENDS) {
        it(end.name, async () => {
          for (let before = 0; before < REPLIES_MAX; before++) {
            let isWaitedFor = false
            for (const order of orders(before)) {
              for (const offset of offsets()) {
                const at = `reply ${before + 1}, ${order}, ${offset} apart`
                isWaitedFor = await play(raced, end, { before, order, offset }, at)
              }
            }
            if (!isWaitedFor) return
          }
          throw new Error(`it waits for more than ${REPLIES_MAX} replies`)
        })
      }
    })
  }

  /** false: the call does not wait for so many replies. */
  async function play(
    raced: RacedCall,
    end: End,
    { before, order, offset }: { before: number; order: string; offset: number },
    at: string,
  ): Promise<boolean> {
    if (END_RACES !== '') process.stderr.write(`${raced.name}: ${end.name}: ${at}\n`)
    const path = `/race-${++count}`
    await raced.prepare?.(observer, path)
    const options = { timeoutMs: TIMEOUT_MS, renew: end.renew === true }
    const gated = await openGated(member.keeper, options)
    const { client, gate } = gated
    const { sessionId } = client
    const begun = await raced.begin?.(client, path)
    await settle()
    const race: Race = { ...gated, clock: bench.clock, abort: new AbortController() }
    gate.holdFrom(before, { events: raced.isOfEvents === true })
    const bounds = {
      signal: race.abort.signal,
      ...(end.timeoutMs !== undefined && { timeoutMs: end.timeoutMs }),
    }
    const outcome = settled(
      raced.call(
        racedVerbs.includes(raced) ? client.with(bounds) : client,
        ...([path, bounds, begun, observer] as const),
      ),
    )
    await settle()
    if (!gate.isHolding) {
      gate.release()
      await settle()
      const seen = { client, observer, path, begun, isOver: false, isAborted: false, rest: settle }
      await raced.verify?.({ ...seen, ...outcome })
      await client.close()
      return false
    }
    end.prepare?.(race)
    await settle()
    const both = [() => gate.release(), () => end.run(race)]
    if (order === 'the end first') both.reverse()
    both[0]?.()
    for (let i = 0; i < offset; i++) await null
    both[1]?.()
    await settle()
    await bench.clock.advance(BACK_MS)
    await settle()
    try {
      const isOver = end.isOver
      const rest = (): Promise<void> => bench.clock.advance(BACK_MS)
      const isAborted = race.abort.signal.aborted
      const seen = { client, observer, path, begun, isOver, isAborted, rest }
      await raced.verify?.({ ...seen, ...outcome })
    } catch (error) {
      throw new Error(`${at}: ${String(error)}`, { cause: error })
    }
    await check(raced, end, { path, at, outcome, sessions: [sessionId, client.sessionId] })
    await client.close()
    await settle()
    return true
  }

  async function check(
    raced: RacedCall,
    end: End,
    seen: {
      path: string
      at: string
      outcome: Settled
      sessions: readonly bigint[]
    },
  ): Promise<void> {
    const { path, at, outcome, sessions } = seen
    expect(outcome.how, at).to.not.equal('pending')
    const { value, error } = outcome
    const isHeld = (value as Held | undefined)?.isHeld
    if (isHeld !== undefined) {
      expect(isHeld && end.isOver, `${at}: held behind the end`).to.equal(false)
      if (!end.isOver) {
        expect(isHeld, `${at}: what it resolved with`).to.equal(true)
        await (value as Held).release()
        await settle()
      }
    }
    const isApplied = await raced.isApplied?.(observer, path)
    if (isApplied !== undefined) {
      const isGone = raced.isOfSession === true && end.isOver
      if (outcome.how === 'done')
        expect(isApplied || isGone, `${at}: reported as done`).to.equal(true)
      else if (isUnapplied(error)) expect(isApplied, `${at}: reported as unapplied`).to.equal(false)
      else if (raced.isAllOrNothing === true && !isUnknown(error)) {
        expect(isApplied, `${at}: given up`).to.equal(false)
      }
    }
    const isKept = raced.isOfSession === true && raced.verify === undefined
    if (isKept && (raced.isAllOrNothing !== true || outcome.how === 'done')) return
    expect(sessions.flatMap(ephemeralsOf), `${at}: what it left`).to.deep.equal([])
  }

  function ephemeralsOf(sessionId: bigint): string[] {
    return [...member.keeper.replica.tree.ephemeralsOf(sessionId)]
  }
})

interface Settled {
  how: 'pending' | 'done' | 'failed'
  value?: unknown
  error?: unknown
}

function settled(promise: Promise<unknown>): Settled {
  const outcome: Settled = { how: 'pending' }
  promise.then(
    (value) => Object.assign(outcome, { how: 'done', value }),
    (error: unknown) => Object.assign(outcome, { how: 'failed', error }),
  )
  return outcome
}

const isUnapplied = (error: unknown): boolean =>
  error instanceof ZnodeError && error.outcome === 'unapplied'
const isUnknown = (error: unknown): boolean =>
  error instanceof ZnodeError && error.outcome === 'unknown'
