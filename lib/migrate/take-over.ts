/**
 * Ends the following: from here on the tree is the authority. Nothing that was received is left behind, the ensemble must not
 * answer any more, and the epoch that begins is so high that it would refuse the clients that moved. Afterwards the way back
 * stays open until it is finished. Line: take-over-refusals, write-tail → here → plan/mirrored.
 */
import { type Clock, systemClock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { reasonOf } from '../base/reason-of.ts'
import type { SourceRecord } from '../format/source.ts'
import { commitOwn } from '../member/commit/task.ts'
import { Keeper } from '../member/keeper.ts'
import type { ZookeeperFolder } from '../transfer/zookeeper/data-files.ts'
import { copyAge } from './copy-age.ts'
import { MigrateError } from './migrate-error.ts'
import { knownAddresses, PROBE_BOUNDS, type ProbeOptions } from './probe.ts'
import {
  type FreezeOptions,
  freeze,
  HAND_OVER_MS,
  liveForwarders,
  refuseThawed,
  removeDeadForwarders,
  thaw,
} from './serve/hand-over.ts'
import { refuseClients } from './serve/source-clients.ts'
import { type MigrationPlace, SourceKey } from './source-key.ts'
import {
  drained,
  isFollowed,
  readMigration,
  refuseAnswering,
  refuseEpoch,
  refuseMissing,
  refuseUnequal,
  refuseUnfollowed,
} from './take-over-refusals.ts'
import { type Step, TimeLimit } from './time-limit.ts'
import { PART_TAKEN, writeTail } from './write-tail.ts'

/** Options of {@link takeOver}. */
export interface TakeOverOptions extends MigrationPlace {
  readonly logger: Logger
  /**
   * The ensemble may answer, and may have committed more: only the epoch keeps clients that moved away from it, and what is
   * missing is left behind. @default false
   */
  readonly sourceStays?: boolean
  /** Logs of a stopped server of it: what they have behind the tree is taken too. */
  readonly tail?: ZookeeperFolder
  /** How long what was received may take to be in the tree. @default {@link TAKE_OVER_DEFAULT} */
  readonly drainMs?: number
  /** How long all of it may take. @default {@link TAKE_OVER_DEFAULT} */
  readonly timeoutMs?: number
  /** How long the store may take for the take-over itself, and for its record. @default {@link TAKE_OVER_DEFAULT} */
  readonly commitMs?: number
  /** How long proxies that serve may take to stop: see {@link HAND_OVER_MS}. @default {@link TAKE_OVER_DEFAULT} */
  readonly handOverMs?: number
  /** What a question to a server of the ensemble may take, ms and characters. @default {@link TAKE_OVER_DEFAULT} */
  readonly lookMs?: number
  readonly answerMax?: number
  /** Called with sentences about servers that could not be queried. */
  readonly onNote?: (sentence: string) => void
}

/** What came of it. */
export interface TakenOver {
  /** The newest zxid of the ensemble. */
  readonly sourceZxid: number
  /** The first one of ours. */
  readonly zxid: number
  readonly znodes: number
  readonly sessions: number
  /** Transactions that the logs had beyond what was followed. */
  readonly fromTail: number
  /** When the ensemble was last followed to its end, a sentence without full stop; empty: the tree was taken over before. */
  readonly age: string
  /** The tree was taken over before. */
  readonly wasTaken: boolean
}

/** Unit: ms. */
export const TAKE_OVER_DEFAULT = {
  ...{ drainMs: 30_000, timeoutMs: 600_000, commitMs: 30_000, handOverMs: HAND_OVER_MS },
  ...PROBE_BOUNDS,
} as const
/**
 * Closing is a courtesy to the others: a member that is silent is forgotten, and proxies that are frozen notice by themselves
 * that whoever froze them is gone. So no store needs longer, and nobody sets it. Unit: ms.
 */
const CLOSE_MS = 2_000

const AGAIN = 'run it again'
const NOTHING_TAKEN = `nothing was taken over: ${AGAIN}`
const COMMITTING: Step = {
  doing: 'the store committed the take-over',
  otherwise: `whether it is taken over is not known: anykeeper migrate status says it, and ${AGAIN}`,
  isUnknown: true,
}
const RECORDING: Step = {
  doing: 'that was written into the record of the migration',
  otherwise: `it is taken over, and clients are served; ${AGAIN} so that the record says so`,
  isUnknown: true,
}

/**
 * Resumable: called again, it does what is left.
 * @throws {MigrateError} MIGRATE_NOT_FOLLOWING; MIGRATE_SOURCE_ANSWERS; MIGRATE_DIFFERS: the tree is not that of the ensemble;
 * MIGRATE_NOT_DRAINED; MIGRATE_TAIL, MIGRATE_TOO_LARGE, MIGRATE_EPOCH; MIGRATE_TIMEOUT; MIGRATE_UNKNOWN: it may be taken over
 * @throws {CopyError} the logs @throws {StoreError}
 */
export async function takeOver(options: TakeOverOptions): Promise<TakenOver> {
  return new TakingOver(options).run()
}

class TakingOver {
  readonly #options: TakeOverOptions
  readonly #clock: Clock
  readonly #key: SourceKey
  readonly #limit: TimeLimit
  readonly #commitMs: number
  readonly #probing: ProbeOptions
  /** Proxies serve clients while the ensemble leads. */
  #isServed = false
  /** They do, and the tree follows a leader. */
  #hasLeader = false
  /** Client addresses of the ensemble: they are queried again when nobody forwards to it. */
  #reached: readonly string[] = []
  #age = ''

  constructor(options: TakeOverOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#key = new SourceKey(options)
    this.#limit = new TimeLimit(this.#clock, options.timeoutMs ?? TAKE_OVER_DEFAULT.timeoutMs)
    this.#commitMs = options.commitMs ?? TAKE_OVER_DEFAULT.commitMs
    const { lookMs, answerMax } = { ...TAKE_OVER_DEFAULT, ...options }
    this.#probing = { clock: this.#clock, lookMs, answerMax }
  }

  async run(): Promise<TakenOver> {
    const { store } = this.#options
    const { record, isTaken } = await this.#step('the store was read', () =>
      readMigration(store, this.#key),
    )
    if (isTaken && this.#options.tail !== undefined) throw tooLate()
    if (!isTaken) {
      refuseUnequal(record, this.#key.layout.prefix)
      await this.#refuseRunning(record)
    }
    const keeper = await this.#openKeeper()
    try {
      return await this.#take(keeper, record)
    } catch (error) {
      // Those that were frozen find out by themselves, later.
      if (this.#isServed) await this.#briefly(thaw(this.#key, keeper.proxy))
      throw error
    } finally {
      await this.#briefly(keeper.close())
    }
  }

  /** @throws {MigrateError} the ensemble may have what the tree has not, or may get it */
  async #refuseRunning(record: SourceRecord): Promise<void> {
    const { store, sourceStays = false, tail, onNote, drainMs } = this.#options
    const clock = this.#clock
    const forwarders = await this.#step('the store was read', () =>
      this.#key.patiently(async () => ({ is: await liveForwarders(store, this.#key) })),
    )
    this.#isServed = forwarders.length > 0
    this.#hasLeader =
      this.#isServed &&
      (await this.#step('the follower was sought', () => isFollowed(this.#key, clock)))
    if (!sourceStays) {
      // Those that serve meanwhile need a leader until the end.
      const unasked = await this.#step('the servers of the ensemble were queried', () =>
        this.#hasLeader
          ? this.#refuseClients(knownAddresses(record).clients)
          : refuseAnswering(record, this.#probing, this.#isServed),
      )
      for (const sentence of unasked) onNote?.(sentence)
    }
    if (this.#hasLeader) return
    await this.#step('the follower wrote what it had received', () =>
      drained(this.#key, clock, drainMs ?? TAKE_OVER_DEFAULT.drainMs, sourceStays),
    )
    const now = await this.#recordNow()
    if (sourceStays || tail !== undefined) return
    const follower = await this.#step('the store was read', () => this.#key.follower())
    refuseUnfollowed(now, follower, clock)
  }

  async #refuseClients(clients: readonly string[]): Promise<readonly string[]> {
    const { reached, unasked } = await refuseClients(clients, this.#probing)
    this.#reached = reached
    return unasked
  }

  async #openKeeper(): Promise<Keeper> {
    const { store, prefix, logger } = this.#options
    const clock = this.#clock
    const opening = this.#key.patiently(async () => {
      return { is: await Keeper.open({ store, logger, clock, ...(prefix && { prefix }) }) }
    })
    try {
      return await this.#step('the tree was loaded', () => opening)
    } catch (error) {
      void opening.then((keeper) => keeper.close()).catch(() => {})
      throw error
    }
  }

  async #take(keeper: Keeper, record: SourceRecord): Promise<TakenOver> {
    let { zxid: sourceZxid } = record
    let fromTail = 0
    const wasTaken = !keeper.replica.mirrors
    if (!wasTaken) {
      fromTail = await this.#bringUp(keeper)
      sourceZxid = keeper.replica.zxid
      await this.#commit(keeper)
    }
    const { zxid, tree, sessions } = keeper.replica
    await this.#limit.step({ ...RECORDING, stepMs: this.#commitMs }, () =>
      this.#key.update((now) => {
        if (now === undefined || (wasTaken && now.phase !== 'following')) return undefined
        const { freeze: _, ...rest } = now
        const ended = { leader: '', unfollowed: false, trouble: '', lagMs: 0 }
        return { ...rest, ...ended, phase: 'taken', zxid, received: zxid }
      }),
    )
    await this.#briefly(removeDeadForwarders(this.#options.store, this.#key))
    const counts = { znodes: tree.nodeCount, sessions: sessions.size }
    return { sourceZxid, zxid, ...counts, fromTail, age: this.#age, wasTaken }
  }

  /** All that there is of the ensemble is in the tree then. @returns transactions from logs */
  async #bringUp(keeper: Keeper): Promise<number> {
    const { store, sourceStays = false, tail } = this.#options
    const [key, clock] = [this.#key, this.#clock]
    const hasLeader = this.#hasLeader && !sourceStays
    const timeoutMs = this.#options.handOverMs ?? TAKE_OVER_DEFAULT.handOverMs
    const stopping: FreezeOptions = { store, key, keeper, clock, hasLeader, timeoutMs }
    if (this.#isServed) await this.#step('the proxies stopped', () => freeze(stopping))
    let fromTail = 0
    if (tail !== undefined) {
      const step = { doing: 'the logs were read and written', otherwise: PART_TAKEN }
      fromTail = await this.#limit.step(step, () =>
        writeTail({ store, keeper, key, tail, clock, acceptsGaps: sourceStays }),
      )
    }
    const { zxid } = keeper.replica
    const now = await this.#recordNow()
    this.#age = copyAge(now, clock)
    if (!sourceStays) refuseMissing(now, zxid)
    refuseEpoch(zxid)
    if (this.#isServed) {
      // Meanwhile a client may have gone back to the ensemble.
      await this.#step('the servers of the ensemble were queried once more', () =>
        refuseClients(this.#reached, this.#probing),
      )
      await this.#step('the proxies were looked at again', () => refuseThawed(stopping))
    }
    return fromTail
  }

  async #commit(keeper: Keeper): Promise<void> {
    await this.#limit.step({ ...COMMITTING, stepMs: this.#commitMs }, () =>
      commitOwn(keeper.committer, { type: 'takeOver' }, () => {}).catch(unknownOutcome),
    )
    // Whoever was first: it is what was wanted.
    if (!keeper.replica.mirrors) return
    throw new MigrateError('MIGRATE_NOT_FOLLOWING', `the take-over was refused: ${NOTHING_TAKEN}`)
  }

  async #recordNow(): Promise<SourceRecord> {
    const { record } = await this.#step('the store was read', () =>
      readMigration(this.#options.store, this.#key),
    )
    refuseUnequal(record, this.#key.layout.prefix)
    return record
  }

  #step<T>(doing: string, run: () => Promise<T>): Promise<T> {
    return this.#limit.step({ doing, otherwise: NOTHING_TAKEN }, run)
  }

  /** Never rejects. */
  async #briefly(work: Promise<unknown>): Promise<void> {
    const limit = new TimeLimit(this.#clock, CLOSE_MS)
    await limit.step({ doing: 'it was closed' }, () => work).catch(() => {})
  }
}

/** Whatever the store says: it may have done it. */
function unknownOutcome(error: unknown): never {
  throw new MigrateError(
    'MIGRATE_UNKNOWN',
    `${reasonOf(error)} while ${COMMITTING.doing}: ${COMMITTING.otherwise}`,
  )
}

function tooLate(): MigrateError {
  return new MigrateError(
    'MIGRATE_TAIL',
    'the tree is taken over already: its logs are too late, and nothing was taken of them',
  )
}
