/** What a seed stands for: how many of what, how they are set up, and which faults they meet. */
import type { KeeperLimits } from '../../lib/index.ts'
import type { ProxyOptions } from '../../proxy/host.ts'
import type { FaultKind } from './faults/nemesis.ts'
import { SeededRandom } from './world/seeded-random.ts'
import type { SendBuffer } from './world/sim-socket.ts'

/** core: of processes, links and the store. The others: these and one kind more. */
export type FaultSet = 'none' | 'core' | 'lag' | 'clock' | 'formats' | 'history' | 'mixed' | 'all'

export const FAULT_SETS: Readonly<Record<FaultSet, readonly FaultKind[]>> = {
  none: [],
  core: ['process', 'link', 'store'],
  lag: ['process', 'link', 'store', 'lag'],
  clock: ['process', 'link', 'store', 'clock'],
  formats: ['process', 'link', 'store', 'formats'],
  history: ['process', 'link', 'store', 'history'],
  mixed: ['process', 'link', 'store', 'formats', 'history'],
  all: ['process', 'link', 'store', 'lag', 'clock', 'formats', 'history'],
}

export interface Scenario {
  readonly seed: number
  readonly proxies: number
  readonly clients: number
  readonly timeoutMs: number
  readonly thinkMs: number
  readonly depthMax: number
  /** Faults come between these. Simulated ms. */
  readonly faultsFromMs: number
  readonly faultsUntilMs: number
  readonly kinds: readonly FaultKind[]
  readonly limits: Partial<KeeperLimits>
  readonly txnOpsMax: number
  /** So many proxies begin as an older version. */
  readonly older: number
  /** So many of the clients only read. */
  readonly readers: number
  readonly budgets: Budgets
}

/** Of each proxy: what may wait for its answers, and what of those may wait for its clients. */
export interface Budgets {
  readonly options: Pick<
    ProxyOptions,
    | 'outstandingMax'
    | 'outstandingBytesMax'
    | 'requestBytesMax'
    | 'outputBytesMax'
    | 'replyBytesMax'
  >
  /** Of each connection of a client. */
  readonly sendBuffer: SendBuffer
}

const AMPLE: Budgets = {
  options: {
    outstandingMax: 1_000,
    outstandingBytesMax: 2_000_000,
    requestBytesMax: 2_000_000,
    outputBytesMax: 64_000_000,
    replyBytesMax: 2_000_000,
  },
  sendBuffer: { kernelBytes: 1_000_000, highWaterMark: 16_384 },
}

/** Which are small, as often as they stand here. */
const BUDGET_SORTS = [
  ...(['ample', 'own', 'replies'] as const),
  ...(['all', 'all', 'all', 'both', 'both', 'both', 'both'] as const),
]

/** Mostly some so small that one client, or all of them together, fill them. A request has some 40 bytes. */
function budgetsOf(random: SeededRandom): Budgets {
  const { options } = AMPLE
  const sort = random.pick(BUDGET_SORTS)
  if (sort === 'ample') return AMPLE
  const ofAll = sort === 'all' || sort === 'both'
  const ofReplies = sort === 'replies' || sort === 'both'
  return {
    options: {
      ...options,
      ...(sort === 'own' && random.chance(0.5)
        ? { outstandingMax: 2 }
        : { outstandingBytesMax: sort === 'own' ? 100 : random.pick([150, 2_000_000, 2_000_000]) }),
      ...(ofAll ? { requestBytesMax: random.pick([50, 100]) } : {}),
      ...(ofReplies
        ? { replyBytesMax: random.pick([300, 1_000]), outputBytesMax: random.pick([4_000, 64_000]) }
        : {}),
    },
    sendBuffer: ofReplies
      ? { kernelBytes: random.pick([1, 200]), highWaterMark: random.pick([50, 16_384]) }
      : AMPLE.sendBuffer,
  }
}

export function scenarioOf(seed: number, faults: FaultSet): Scenario {
  const random = new SeededRandom(seed, 1)
  const durationMs = random.pick([6_000, 12_000, 20_000])
  const scenario: Scenario = {
    seed,
    proxies: random.pick([1, 2, 2, 3, 3]),
    clients: 3 + random.below(3),
    timeoutMs: random.pick([4_000, 6_000, 6_000]),
    thinkMs: random.pick([150, 300, 700]) * (durationMs / 12_000),
    depthMax: random.pick([1, 4, 12]),
    faultsFromMs: 1_500,
    faultsUntilMs: 1_500 + durationMs,
    kinds: FAULT_SETS[faults],
    limits: {
      // Small, so that what happens once in an hour happens in a run.
      batchRequestsMax: random.pick([3, 4_000]),
      commitsInFlightMax: random.pick([1, 2, 3]),
      flushDelayMs: random.pick([20, 100, 2_000]),
      flushKeysPerTxnMax: random.pick([2, 1_000]),
      flushLateMs: random.pick([200, 10_000]),
      loadPageKeysMax: random.pick([3, 50_000]),
      historyRetentionMs: random.pick([0, 3_000, 300_000]),
      reaperIntervalMs: 1_000,
      sessionTimeoutMsMin: 4_000,
    },
    txnOpsMax: random.pick([8, 128]),
    older: 0,
    readers: new SeededRandom(seed, 3).below(3),
    budgets: budgetsOf(new SeededRandom(seed, 4)),
  }
  // Drawn last: what was drawn before is as it was.
  const closeBytesMax = random.pick([8, 32 * 1024])
  const limits = { ...scenario.limits, closeBytesMax }
  if (faults === 'mixed') {
    return { ...scenario, older: 1 + random.below(scenario.proxies), limits }
  }
  // Not with histories that go back: format 2 does not say which entry is before which.
  if (!scenario.kinds.includes('formats') || scenario.kinds.includes('history')) {
    return { ...scenario, limits }
  }
  // The way up, and the way down: where entries of format 3 are written, an older version cannot begin.
  const older = random.chance(0.4) ? 1 + random.below(scenario.proxies) : 0
  const journalFormatMax = older === 0 && random.chance(0.3) ? 2 : 3
  return { ...scenario, older, limits: { ...limits, journalFormatMax } }
}
