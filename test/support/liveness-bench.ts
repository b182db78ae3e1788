/**
 * Keepers over one memory store and their clients without the wire, on a clock that only the test moves.
 */
import { expect } from 'chai'
import { MemoryBackend } from '../../adapters/memory/memory-backend.ts'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import {
  createOp,
  type EndReason,
  Keeper,
  type KeeperLimits,
  type Logger,
  type Random,
  type Session,
  type SessionSink,
  type WriteRequest,
} from '../../lib/internal.ts'
import { type CutStore, cutStore } from './cut-store.ts'
import { FreezableClock } from './freezable-clock.ts'
import { ManualClock, settle } from './manual-clock.ts'

export const TICK_MS = 1_000
export const TTL_MS = 4_000
export const SILENCE_MS = 2_500
export const TIMEOUT_MS = 10_000

const LIMITS: Partial<KeeperLimits> = {
  tickTimeMs: TICK_MS,
  sessionTimeoutMsMin: 2_000,
  sessionTimeoutMsMax: 20_000,
  proxyTtlMs: TTL_MS,
  storeSilenceMsMax: SILENCE_MS,
  feedSilenceMsMax: 4_000,
  historyRetentionMs: 0,
  reaperIntervalMs: 3_600_000,
}

let steadyCount = 0

/** No luck: jitter is always the same. */
const steady = (fraction: number): Random => {
  // Each has bytes of its own: a keeper draws its id from them.
  let seed = ++steadyCount
  return {
    fraction: () => fraction,
    bytes: (count) => Uint8Array.from({ length: count }, () => (seed = (seed * 31 + 7) % 251)),
  }
}

/** A client's connection, without the wire. */
export class Probe implements SessionSink {
  session!: Session
  password!: Uint8Array
  readonly events: [type: number, path: string][] = []
  readonly replies: [tag: number, errno: number][] = []
  endReason: EndReason | undefined
  #tag = 0

  reply(tag: number, _request: unknown, _zxid: number, errno: number): void {
    this.replies.push([tag, errno])
  }
  event(type: number, path: string): void {
    this.events.push([type, path])
  }
  ended(reason: EndReason): void {
    this.endReason = reason
  }
  /** Returns the tag that its reply will carry. */
  write(request: WriteRequest): number {
    this.session.write(request, ++this.#tag)
    return this.#tag
  }
  async create(path: string, mode: 'persistent' | 'ephemeral' = 'persistent'): Promise<void> {
    const tag = this.write({ ...createOp(path, null, { mode }) } as WriteRequest)
    await settle()
    expect(this.replies.at(-1)).to.deep.equal([tag, 0])
  }
  watch(path: string): void {
    this.session.read({ type: 'exists', path, watch: true }, ++this.#tag)
  }
  watchChildren(path: string): void {
    this.session.read({ type: 'getChildren', path, watch: true }, ++this.#tag)
  }
}

export interface Member {
  readonly keeper: Keeper
  readonly store: CutStore
  readonly clock: FreezableClock
}

/** Registers its own hooks: a fresh clock and store before each test, keepers closed after it. */
export function livenessBench() {
  let clock: ManualClock
  let backend: MemoryBackend
  const members: Member[] = []

  beforeEach(() => {
    clock = new ManualClock()
    backend = new MemoryBackend({ clock })
  })
  afterEach(async () => {
    for (const { keeper, store } of members.splice(0)) {
      store.mend()
      store.mendFeed()
      store.mendLeases()
      store.mendWrites()
      const closed = keeper.close(0)
      await clock.advance(0)
      await closed
      await store.close()
    }
  })

  async function start(fraction = 0, logger?: Logger): Promise<Member> {
    const store = cutStore(openMemoryStore({ backend }))
    const own = new FreezableClock(clock)
    const random = steady(fraction)
    const keeper = await Keeper.open({
      ...{ store, clock: own, random, limits: LIMITS },
      ...(logger && { logger }),
    })
    const member = { keeper, store, clock: own }
    members.push(member)
    await settle()
    return member
  }

  /** The process is gone: its connection to the store, its timers, everything. */
  async function crash(member: Member): Promise<void> {
    members.splice(members.indexOf(member), 1)
    await member.store.close()
    await member.keeper.close(0)
  }

  /** Its process is stopped while `run` lasts. What it does then begins at the clock's next step. */
  async function freeze({ clock: own, store }: Member, run: () => Promise<void>): Promise<void> {
    own.freeze()
    store.cut()
    try {
      await run()
    } finally {
      own.thaw()
      store.mend()
    }
  }

  async function open({ keeper }: Member, timeoutMs = TIMEOUT_MS): Promise<Probe> {
    const probe = new Probe()
    const { session, password } = await keeper.sessions.open(timeoutMs, probe, [])
    return Object.assign(probe, { session, password })
  }

  async function resume({ keeper }: Member, client: Probe): Promise<Probe | undefined> {
    const probe = new Probe()
    const { session: before, password } = client
    const session = await keeper.sessions.resume(before.id, password, probe, [])
    return session === undefined ? undefined : Object.assign(probe, { session, password })
  }

  const lives = ({ keeper }: Member, { session }: Probe): boolean =>
    keeper.replica.sessions.has(session.id)

  /** When the session ends, from now, in steps of `stepMs`; at most `maxMs`. */
  async function endsAfter(
    at: Member,
    client: Probe,
    maxMs = 60_000,
    stepMs = 50,
  ): Promise<number> {
    const since = clock.monotonic()
    while (lives(at, client)) {
      if (clock.monotonic() - since > maxMs) throw new Error(`still alive after ${maxMs} ms`)
      await clock.advance(stepMs)
    }
    return clock.monotonic() - since
  }

  return {
    get clock() {
      return clock
    },
    get backend() {
      return backend
    },
    members,
    start,
    crash,
    freeze,
    open,
    resume,
    lives,
    endsAfter,
  }
}
