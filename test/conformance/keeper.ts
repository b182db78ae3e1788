/**
 * ZooKeeper's promises, kept by a Keeper on the store under test: what a store may get wrong only
 * shows here as a lost session or a watch that stays silent. Tests are chosen by the manifest, never
 * by the store's name. The same fixture as for store.ts; it imports only lib.
 */
import { expect } from 'chai'
import {
  connect,
  Keeper,
  type KeeperLimits,
  type MetadataStore,
  type StoreFeatures,
  type ZooKeeper,
} from '../../lib/index.ts'
import { aclSection, multiSection, znodeSection } from './keeper-data-sections.ts'
import { pathSection } from './keeper-path-sections.ts'
import {
  crashSection,
  restartSection,
  sessionSection,
  watchSection,
} from './keeper-session-sections.ts'
import type { StoreFixture } from './store.ts'

/** Options of {@link keeperConformance}. */
export interface KeeperConformanceOptions {
  /** For the report. */
  readonly name: string
  /** A store under test, made once for the suite. */
  readonly factory: () => Promise<StoreFixture>
  /** As for the store suite: what the manifest excludes for certain is not listed. */
  readonly features?: Partial<StoreFeatures>
}

/** Sessions that end soon, so that tests see them end. */
const LIMITS: Partial<KeeperLimits> = {
  sessionTimeoutMsMin: 1_000,
  tickTimeMs: 200,
  proxyTtlMs: 2_000,
  storeSilenceMsMax: 1_800,
  historyRetentionMs: 0,
  reaperIntervalMs: 3_600_000,
}

/** Keepers and clients under test, closed after each test. */
export class KeeperBench {
  readonly fixture: StoreFixture
  readonly #open: { keeper: Keeper; store: MetadataStore }[] = []
  #prefixes = 0

  constructor(fixture: StoreFixture) {
    this.fixture = fixture
  }

  /** A tree of its own for each test; the same one until the next {@link newTree}. */
  get prefix(): string {
    return `/conformance-${process.pid}-${this.#prefixes}`
  }

  newTree(): void {
    this.#prefixes++
  }

  /** One more keeper on the test's tree, with a handle of its own, as another process would have. */
  async keeper(): Promise<Keeper> {
    const store = await this.fixture.open()
    const keeper = await Keeper.open({ store, prefix: this.prefix, limits: LIMITS })
    this.#open.push({ keeper, store })
    await until(() => keeper.isServing, 'the keeper serves')
    return keeper
  }

  /** A client of a keeper of its own. */
  async client(keeper?: Keeper, digest?: string): Promise<ZooKeeper> {
    const options = digest === undefined ? {} : { digest }
    return connect(keeper ?? (await this.keeper()), { timeoutMs: 5_000, ...options })
  }

  /** Ends a keeper as a crash would: nothing is written behind or signed off. */
  async crash(keeper: Keeper): Promise<void> {
    const at = this.#open.findIndex((one) => one.keeper === keeper)
    const [one] = this.#open.splice(at, 1)
    await one!.store.close()
    await keeper.close(0)
  }

  async closeAll(): Promise<void> {
    for (const { keeper, store } of this.#open.splice(0)) {
      await keeper.close()
      await store.close()
    }
  }
}

export type BenchOf = () => KeeperBench

/** Defines the mocha suite of what a Keeper promises on a store. */
export function keeperConformance({ name, factory, features }: KeeperConformanceOptions): void {
  describe(`keeper conformance: ${name}`, function () {
    this.timeout(60_000)
    let bench: KeeperBench
    const benchOf: BenchOf = () => bench

    before(async () => {
      bench = new KeeperBench(await factory())
    })
    beforeEach(() => bench.newTree())
    afterEach(() => bench?.closeAll())
    after(() => bench?.fixture.stop())

    znodeSection(benchOf)
    multiSection(benchOf)
    aclSection(benchOf)
    pathSection(benchOf)
    watchSection(benchOf)
    sessionSection(benchOf)
    crashSection(benchOf)
    if (features?.persistent !== false) restartSection(benchOf)
  })
}

/** Polls; what is waited for is said when it does not come. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not in ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The code a promise of a client must reject with. */
export async function refusal(promise: Promise<unknown>, code: string): Promise<void> {
  const outcome = await promise.then(
    () => 'fulfilled',
    (error: { code?: string }) => error.code,
  )
  expect(outcome).to.equal(code)
}
