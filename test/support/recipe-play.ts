/**
 * One scene of the table of recipes and faults: a client waits for what another one has. Runs wherever a {@link Bed} is:
 * its clients, its time and its faults. Neighbours: recipe-matrix, recipe-scenes.
 */
import { expect } from 'chai'
import { whenConnected } from '../../lib/client/when-connected.ts'
import {
  type ClientOptions,
  type Held,
  mkdirp,
  type WaitOptions,
  walk,
  ZnodeError,
  type ZooKeeper,
} from '../../lib/index.ts'
import { outcomeOf } from './recipe-bench.ts'

/** A client in a process of its own, or what is like it, and its faults. */
export interface Seat {
  readonly client: ZooKeeper
  /** Its process is stopped while `run` lasts. */
  freeze(run: () => Promise<void>): Promise<void>
  /** The store, or the server, is out of its reach until mend(): nothing passes, and nothing is lost. */
  cut(): void
  mend(): void
  /** The next write that it sends is applied, and the answer waits behind an outage that begins then. */
  cutBehindNextWrite(): void
}

/** Where the table runs. */
export interface Bed {
  /** Of the sessions of its clients. */
  readonly timeoutMs: number
  /** One that the test may harm, with a session of its own. */
  seat(options?: Pick<ClientOptions, 'renew' | 'retryMs'>): Promise<Seat>
  /** What was started has come so far that it waits for something else. */
  rest(): Promise<void>
  pass(ms: number): Promise<void>
  /** Until `check` is true. @throws it is not, after some sessions' time */
  until(what: string, check: () => boolean | Promise<boolean>): Promise<void>
}

/** `a` has what `b` waits for. */
export interface Scene {
  /** What `a` holds, if nobody else can hold it then. */
  readonly held?: Held
  /** The wait of `b`. */
  wait(options: WaitOptions): Promise<Held | undefined>
  /** Lets `b` in. May be called again. */
  letIn(): Promise<unknown>
  /** Gives back what letIn() and what `b` is given by releasing it do not. */
  end?(): Promise<unknown>
}

export interface Recipe {
  readonly name: string
  /** Paths that its scenes create on: all below {@link ROOM}. */
  scene(a: ZooKeeper, b: ZooKeeper): Promise<Scene>
  /** Does `a` hold something that `b` cannot hold then? */
  readonly isHeld: boolean
  /** Writes that `b` sends from the begin of its wait until it is in, where all parents are there. */
  readonly writes: number
}

export const ROOM = '/room'
/** Beside it: see {@link Play.marked}. */
const MARK = '/mark'

/** Two that play, and one that looks on. */
export async function threeSeats(bed: Bed): Promise<readonly [Seat, Seat, Seat]> {
  const renew = { renew: true }
  return [await bed.seat(renew), await bed.seat(renew), await bed.seat(onlooker(bed))]
}

/** Of one that looks on: a slow machine may take its connection, and its session, too. */
export const onlooker = ({ timeoutMs }: Bed): Pick<ClientOptions, 'renew' | 'retryMs'> => ({
  renew: true,
  retryMs: timeoutMs,
})

/** Of one call, or of one repeated chain of them. */
const OUTAGES_MAX = 10

const OUTAGE_CODES: readonly unknown[] = ['ZK_CONNECTION_LOSS', 'ZK_SESSION_EXPIRED']

export const isOutage = (error: unknown): boolean =>
  error instanceof ZnodeError && OUTAGE_CODES.includes(error.code)

/** Calls it again behind each outage of `client`, up to {@link OUTAGES_MAX} times: for what may be repeated. @throws what else it throws */
export async function throughOutages<T>(
  bed: Bed,
  client: ZooKeeper,
  call: () => Promise<T>,
): Promise<T> {
  for (let left = OUTAGES_MAX; ; left--) {
    try {
      return await call()
    } catch (error) {
      if (left === 0 || !isOutage(error)) throw error
    }
    await bed.until('a connection', () => client.state === 'connected')
  }
}

/** Deletes a znode that nobody makes again: behind an outage it may be gone already. @throws ZK_NO_NODE: it was never there */
export async function deleted(bed: Bed, client: ZooKeeper, path: string): Promise<void> {
  let isRepeated = false
  await throughOutages(bed, client, async () => {
    try {
      await client.delete(path)
    } catch (error) {
      const isGone = isRepeated && error instanceof ZnodeError && error.code === 'ZK_NO_NODE'
      isRepeated = true
      if (!isGone) throw error
    }
  })
}

/** The room, or a path in it, is made, and all see it; however often a slow machine loses a connection. */
export async function openRoom(bed: Bed, seats: readonly Seat[], path = ROOM): Promise<void> {
  const clients = seats.map(({ client }) => client)
  await bed.until('a room', async () => {
    try {
      for (const client of clients.toReversed()) {
        if ((await client.exists(path)) === undefined) await mkdirp(client, path)
        await client.sync()
      }
      return true
    } catch {
      return false
    }
  })
}

export interface Wait {
  readonly outcome: { readonly now: string }
  readonly abort: AbortController
}

/** One scene, its seats, and what must be true of it at any time. */
export class Play {
  readonly bed: Bed
  readonly a: Seat
  readonly b: Seat
  /** Sees all, and is never harmed. */
  readonly observer: Seat
  readonly scene: Scene
  readonly #got: Held[] = []
  /** The loss of what `a` holds is an event on its way, which nobody waits for: only its token is too old. */
  isLossInFlight = false

  constructor(bed: Bed, [a, b, observer]: readonly [Seat, Seat, Seat], scene: Scene) {
    this.bed = bed
    this.a = a
    this.b = b
    this.observer = observer
    this.scene = scene
  }

  /** Begins a wait of `b`, which comes to rest. */
  async begin(options: WaitOptions = {}): Promise<Wait> {
    const abort = new AbortController()
    const wait = this.scene.wait({ ...options, signal: abort.signal })
    const got = wait.then((held) => this.#check(held))
    const outcome = outcomeOf(got)
    await this.bed.rest()
    return { outcome, abort }
  }

  async begun(options?: WaitOptions): Promise<Wait> {
    const wait = await this.begin(options)
    expect(wait.outcome.now, 'it waits').to.equal('pending')
    return wait
  }

  #check(held: Held | undefined): void {
    if (held === undefined) return
    this.#got.push(held)
    const { held: before } = this.scene
    if (before === undefined) return
    if (!this.isLossInFlight) {
      expect(before.isHeld && held.isHeld, 'two hold it').to.equal(false)
    }
    expect(held.token, 'the token').to.be.greaterThan(before.token)
  }

  /** Its wait ends so. */
  async ends({ outcome }: Wait, how: string): Promise<void> {
    await this.bed.until(`${how}, not ${outcome.now}`, () => outcome.now !== 'pending')
    expect(outcome.now).to.equal(how)
  }

  /** It is fulfilled. */
  async settles(promise: Promise<unknown> | undefined): Promise<void> {
    const outcome = outcomeOf(Promise.resolve(promise))
    await this.bed.until('an end', () => outcome.now !== 'pending')
    expect(outcome.now).to.equal('done')
  }

  /** Paths of the ephemerals of a session, or of all. */
  async ephemerals(of?: ZooKeeper): Promise<string[]> {
    const { client } = this.observer
    return throughOutages(this.bed, client, async () => {
      await client.sync()
      const found: string[] = []
      for await (const { path, stat } of walk(client, ROOM)) {
        const { ephemeralOwner: owner } = stat
        if (of === undefined ? owner !== 0n : owner === of.sessionId) found.push(path)
      }
      return found
    })
  }

  /** An ephemeral of the seat, until its session has ended at the server. Returns: has it? */
  async marked({ client }: Seat): Promise<() => Promise<boolean>> {
    const path = `${MARK}-${client.sessionId.toString(16)}`
    await connectedly(client, async () => {
      const isThere = (await client.exists(path)) !== undefined
      if (!isThere) await client.create(path, null, { mode: 'ephemeral' })
    })
    return () =>
      throughOutages(this.bed, this.observer.client, async () => {
        await this.observer.client.sync()
        return (await this.observer.client.exists(path)) === undefined
      })
  }

  async leavesNothing(of?: ZooKeeper): Promise<void> {
    let left: string[] = []
    await this.bed.until('an end of its znodes', async () => {
      left = await this.ephemerals(of)
      return left.length === 0
    })
    expect(left).to.deep.equal([])
  }

  /** All of it is given back. */
  async end(): Promise<void> {
    this.a.mend()
    this.b.mend()
    for (const held of this.#got) void held.release()
    void this.scene.letIn().catch(() => {})
    void this.scene.end?.().catch(() => {})
    await this.leavesNothing()
  }
}

/** What befalls one of them, and what must follow. */
export interface Fault {
  readonly name: string
  run(play: Play): Promise<void>
}

/** Short enough for every session. */
export const shortMs = ({ timeoutMs }: Bed): number => timeoutMs / 2

/**
 * Cuts a seat off, until that is noticed, or for half of a session: short enough for every session. A machine that is slow cannot make it
 * longer than what it is slow at. The caller mends it.
 */
export async function cutBriefly(bed: Bed, seat: Seat): Promise<void> {
  const { client } = seat
  const untilMs = client.clock.monotonic() + shortMs(bed)
  seat.cut()
  await bed.until('an outage', () => {
    return client.state !== 'connected' || client.clock.monotonic() >= untilMs
  })
}

/** A call behind the start of a scene: a busy machine makes outages of its own. It must be safe to repeat. */
export async function connectedly<T>(client: ZooKeeper, call: () => Promise<T>): Promise<T> {
  for (let left = OUTAGES_MAX; ; left--) {
    try {
      return await call()
    } catch (error) {
      if (left === 0 || !isOutage(error) || !(await whenConnected(client))) throw error
    }
  }
}
