/**
 * Finds what is damaged in a stored tree, and mends it while no proxy serves it: what the journal still says is written
 * again, what nobody knows any more is removed, and a new epoch begins, so that no client takes the tree for the one
 * it had seen. Line: store → tree/load → here → store. Neighbour: repair-plan (what is written).
 */
import { type Clock, systemClock } from '../base/clock.ts'
import { checkNames, optionNames } from '../base/known-options.ts'
import { LIMITS_DEFAULT } from '../base/limits.ts'
import { Layout } from '../format/layout.ts'
import type { Finding } from '../member/tree/damage.ts'
import { type Loaded, loadReplica } from '../member/tree/load.ts'
import { CopyError, StoreError } from '../model/errors.ts'
import type { MetadataStore, StoreReads } from '../store/metadata-store.ts'
import { opBytes } from '../store/txn-size.ts'
import type { Compare, KeyValue, WriteOp } from '../store/types.ts'
import { unownedEphemerals } from './export.ts'
import { patientReads } from './patiently.ts'
import { type RepairPlan, repairPlan } from './repair-plan.ts'

/** Options of {@link repairTree}. */
export interface RepairOptions {
  /** Where the tree is; it stays the caller’s to close. */
  readonly store: MetadataStore
  /** @default "/anykeeper" */
  readonly prefix?: string
  /** Find only, and write nothing. @default false */
  readonly dryRun?: boolean
  /** Mend although proxies are registered. @default false */
  readonly force?: boolean
  /**
   * Called before anything is written, with everything that is removed or overwritten because of a finding, and
   * awaited: what it throws ends the repair.
   */
  readonly save: (removed: readonly KeyValue[]) => Promise<void> | void
  /**
   * For how long a read is repeated where the store does not answer: each one for so long. A write is not. Unit ms.
   * @default 30,000
   */
  readonly storeMs?: number
  /** @default systemClock */
  readonly clock?: Clock
}

const NAMES = optionNames<RepairOptions>({
  store: true,
  prefix: true,
  dryRun: true,
  force: true,
  save: true,
  storeMs: true,
  clock: true,
})

/** What {@link repairTree} found and did. */
export interface RepairReport {
  /** Everything that is not as it was written, before the repair. */
  readonly findings: readonly Finding[]
  /** Keys that no proxy writes. They are named, and stay. */
  readonly foreign: readonly Finding[]
  /** How many there are; not all are named. */
  readonly foreignCount: number
  /** Ids of the proxies that are registered. */
  readonly proxies: readonly string[]
  /** What becomes of each finding that is not harmless: one sentence each. */
  readonly actions: readonly string[]
  /** Everything was mended: always false with `dryRun`. */
  readonly isMended: boolean
  /** What is still found after the repair. */
  readonly left: readonly Finding[]
}

/**
 * @throws {TypeError} the prefix is none, or an option is not known
 * @throws {CopyError} COPY_NOT_FOUND: there is no tree; COPY_CONFLICT: proxies are registered, somebody else
 * committed meanwhile, or the tree follows a ZooKeeper ensemble
 * @throws {StoreError} STORE_UNAVAILABLE, not retriable: an import is not finished; STORE_UNSUPPORTED: a newer version
 * wrote to it, which alone can judge; and the store's own
 */
export async function repairTree(options: RepairOptions): Promise<RepairReport> {
  checkNames(options, NAMES)
  const { store, prefix = '/anykeeper', dryRun = false, force = false, save } = options
  const { clock = systemClock, storeMs } = options
  const layout = new Layout(prefix)
  const reader = patientReads(store, { clock, storeMs })
  const loaded = await salvage(reader, layout)
  const { damage, proxies } = loaded
  if (damage.newer !== undefined) throw new StoreError('STORE_UNSUPPORTED', damage.newer)
  const findings = [...damage.findings, ...unownedEphemerals(loaded.replica)]
  if (loaded.head === undefined && findings.length === 0) {
    throw new CopyError('COPY_NOT_FOUND', `there is no tree below ${prefix} in this store`)
  }
  const found = {
    findings,
    foreign: damage.foreign,
    foreignCount: damage.foreignCount,
    proxies: [...proxies.keys()],
  }
  if (findings.length === 0) return { ...found, actions: [], isMended: false, left: [] }
  const plan = repairPlan(loaded, layout, findings, clock.now())
  if (dryRun) return { ...found, actions: plan.actions, isMended: false, left: findings }
  if (loaded.replica.mirrors || loaded.source?.phase === 'following') {
    throw new CopyError(
      'COPY_CONFLICT',
      `the tree below ${prefix} follows a ZooKeeper ensemble, and is copied again rather than mended: anykeeper migrate abandon, and follow`,
    )
  }
  if (proxies.size > 0 && !force) {
    throw new CopyError(
      'COPY_CONFLICT',
      `proxies serve ${prefix}, or did a few seconds ago (${found.proxies.join(', ')}): end them first`,
    )
  }
  await save(await storedNow(reader, plan, findings))
  const left = await write(store, layout, loaded.head, plan)
    .then(async () => (await salvage(reader, layout)).damage.findings)
    .catch((error) => {
      throw begun(error)
    })
  return { ...found, actions: plan.actions, isMended: left.length === 0, left }
}

type Reader = StoreReads

function salvage(reader: Reader, layout: Layout): Promise<Loaded> {
  return loadReplica(reader, layout, { bounds: LIMITS_DEFAULT, salvages: true })
}

/** Of a repair that writes, or has written: whoever reads of a store that does not answer must not take it for untouched. */
function begun(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error
  return new StoreError(
    error.code,
    `${error.message}: the repair had begun, and some or all of it is written; run it again`,
    { outcome: 'unknown', cause: error },
  )
}

/** What is stored under the keys that change because of a finding, and what could not be used. */
async function storedNow(
  reader: Reader,
  plan: RepairPlan,
  findings: readonly Finding[],
): Promise<KeyValue[]> {
  const kept = new Map<string, KeyValue>()
  const keep = (kv: KeyValue) => kept.set(Buffer.from(kv.key).toString('latin1'), kv)
  for (const { stored } of findings) if (stored !== undefined) keep(stored)
  for (const key of plan.overwritten) {
    for (const kv of (await reader.range({ start: key })).kvs) keep(kv)
  }
  return [...kept.values()]
}

/** Records first, then head: interrupted, the repair is run again. */
async function write(
  store: MetadataStore,
  layout: Layout,
  head: Uint8Array | undefined,
  plan: RepairPlan,
): Promise<void> {
  const guard: Compare =
    head === undefined
      ? { target: 'version', key: layout.head, equals: 0 }
      : { target: 'value', key: layout.head, equals: head }
  const compares: readonly Compare[] = [
    guard,
    { target: 'version', key: layout.importMarker, equals: 0 },
  ]
  const commit = async (ops: readonly WriteOp[]): Promise<void> => {
    const { committed } = await store.txn({ compares, ops })
    if (!committed)
      throw new CopyError('COPY_CONFLICT', 'head changed meanwhile: a proxy serves the tree')
  }
  const { txnOpsMax, txnBytesMax } = store.features
  let step: WriteOp[] = []
  let bytes = 0
  for (const op of plan.records) {
    const size = opBytes(op)
    if (
      step.length > 0 &&
      (step.length >= Math.min(txnOpsMax, OPS_MAX) || bytes + size > txnBytesMax / 2)
    ) {
      await commit(step)
      step = []
      bytes = 0
    }
    step.push(op)
    bytes += size
  }
  if (step.length > 0) await commit(step)
  if (plan.end.length > 0) await commit(plan.end)
}
/** Of one txn. */
const OPS_MAX = 1_000
