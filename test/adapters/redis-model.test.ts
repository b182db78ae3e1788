/** The redis adapter beside the memory store: the same changes, the same answers, now and in the past. */
import { expect } from 'chai'
import { openMemoryStore } from '../../adapters/memory/memory-store.ts'
import { openRedisStore } from '../../adapters/redis/redis-store.ts'
import type { RedisStoreOptions } from '../../adapters/redis/store-options.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import type { KeyValue, RangeQuery, StoreEvent, WriteOp } from '../../lib/store/types.ts'
import { bytes, text } from '../conformance/support.ts'
import { mulberry32 } from '../support/mulberry32.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { requireOrSkip } from '../support/requirements.ts'

/** The revisions after each step, for they differ once the server was restarted. */
interface Step {
  readonly model: number
  readonly redis: number
}

describe('redis beside the memory store', function () {
  this.timeout(120_000)
  let server: RedisServer

  before(async function () {
    requireOrSkip(this, 'redis')
    server = await startRedis({ appendFsync: 'no' })
  })
  after(() => server?.stop())

  for (const { title, steps, options, restarts } of [
    { title: 'with compactions and restarts', steps: 400, options: {}, restarts: true },
    { title: 'while the feed is cut', steps: 600, options: { feedBytesMax: 400_000 } },
  ]) {
    it(`agrees on random changes and reads of the past, ${title}`, async () => {
      const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
      const name = `model-${seed}-${steps}`
      const open = () => openRedisStore({ host: '127.0.0.1', port: server.port, name, ...options })
      const run = new Run(seed, open)
      await run.start()
      try {
        for (let step = 0; step < steps; step++) {
          await run.step(`SEED=${seed} step ${step}`)
          if (restarts && step % 150 === 75) await run.through(() => restart(server))
        }
        await run.compareEvents(`SEED=${seed}`)
        expect(run.pastReads, `SEED=${seed}: reads of the past`).to.be.at.least(steps / 8)
        if (!restarts) expect(run.compactedReads, `SEED=${seed}`).to.be.at.least(1)
      } finally {
        await run.end()
      }
    })
  }
})

async function restart(server: RedisServer): Promise<void> {
  await server.kill()
  await server.start()
}

class Run {
  readonly model = openMemoryStore()
  redis!: MetadataStore
  pastReads = 0
  compactedReads = 0
  readonly #random: () => number
  readonly #open: (options?: Partial<RedisStoreOptions>) => Promise<MetadataStore>
  readonly #steps: Step[] = []
  /** Index of the first step that is not compacted. */
  #oldest = 0

  constructor(seed: number, open: () => Promise<MetadataStore>) {
    this.#random = mulberry32(seed)
    this.#open = open
  }

  async start(): Promise<void> {
    this.redis = await this.#open()
  }

  async through(restart: () => Promise<void>): Promise<void> {
    await this.redis.close()
    await restart()
    this.redis = await this.#open()
  }

  async end(): Promise<void> {
    await this.model.close()
    await this.redis.close()
  }

  async step(what: string): Promise<void> {
    const random = this.#random
    const ops = randomOps(random)
    const [model, redis] = await Promise.all(
      [this.model, this.redis].map((store) => store.txn({ compares: [], ops })),
    )
    this.#steps.push({ model: model!.revision, redis: redis!.revision })
    const at = random() < 0.5 ? this.#steps.length - 1 : this.#randomStep()
    await this.#compareRange(randomQuery(random), at, what)
    if (random() < 0.03) {
      this.#oldest = this.#randomStep()
      const { model, redis } = this.#steps[this.#oldest]!
      await this.model.compact(model)
      await this.redis.compact(redis)
    }
  }

  /** Every event since the last compaction, in its revision. */
  async compareEvents(what: string): Promise<void> {
    const oldest = await this.#oldestOfRedis()
    const { model, redis } = this.#steps[oldest]!
    const last = this.#steps.at(-1)!
    const expected = await this.#events(this.model, model, last.model, 'model')
    const actual = await this.#events(this.redis, redis, last.redis, 'redis')
    expect(actual, what).to.deep.equal(expected)
  }

  async #compareRange(query: RangeQuery, at: number, what: string): Promise<void> {
    const { model, redis } = this.#steps[at]!
    const isPast = at < this.#steps.length - 1
    const expected = await this.model.range(isPast ? { ...query, revision: model } : query)
    const answer = await this.redis
      .range(isPast ? { ...query, revision: redis } : query)
      .catch((error: { code?: string }) => {
        if (error.code !== 'STORE_COMPACTED') throw error
        this.compactedReads++
        return undefined
      })
    if (answer === undefined) return
    if (isPast) this.pastReads++
    expect(answer.more, what).to.equal(expected.more)
    const seen = answer.kvs.map((kv) => this.#shown(kv, 'redis'))
    expect(seen, what).to.deep.equal(expected.kvs.map((kv) => this.#shown(kv, 'model')))
  }

  #shown(kv: KeyValue, whose: keyof Step): unknown {
    return [
      text(kv.key),
      text(kv.value).slice(0, 40),
      kv.value.length,
      kv.version,
      this.#stepOf(kv.createRevision, whose),
      this.#stepOf(kv.modRevision, whose),
    ]
  }

  #stepOf(revision: number, whose: keyof Step): number {
    return this.#steps.findIndex((step) => step[whose] === revision)
  }

  async #events(
    store: MetadataStore,
    fromRevision: number,
    toRevision: number,
    whose: keyof Step,
  ): Promise<unknown[]> {
    const controller = new AbortController()
    const { signal } = controller
    const seen: unknown[] = []
    const show = (event: StoreEvent): unknown =>
      event.type === 'put'
        ? this.#shown(event.kv, whose)
        : [text(event.key), this.#stepOf(event.modRevision, whose)]
    for await (const { revision, events } of store.watch({
      start: bytes(''),
      end: bytes('z'),
      fromRevision,
      signal,
    })) {
      // Within a revision the order is the store's own.
      seen.push(...events.map(show))
      if (revision >= toRevision) controller.abort()
    }
    return seen.map((one) => JSON.stringify(one)).sort()
  }

  #randomStep(): number {
    const count = this.#steps.length - this.#oldest
    return this.#oldest + Math.floor(this.#random() * count)
  }

  /** Where the feed was cut, if that is later than what was asked for. */
  async #oldestOfRedis(): Promise<number> {
    for (let at = this.#oldest; ; at++) {
      const query = { start: bytes('a'), revision: this.#steps[at]!.redis }
      const isThere = await this.redis.range(query).then(
        () => true,
        () => false,
      )
      if (isThere) return at
    }
  }
}

function randomKey(random: () => number): Uint8Array {
  return bytes(`k${Math.floor(random() * 60)}${random() < 0.1 ? '\x00\xff' : ''}`)
}

function randomOps(random: () => number): WriteOp[] {
  const ops = new Map<string, WriteOp>()
  if (random() < 0.1) {
    const first = Math.floor(random() * 50)
    // Always a change: without one there is no revision.
    const also = { type: 'put', key: bytes('j'), value: bytes(`${random()}`) } as const
    return [{ type: 'deleteRange', start: bytes(`k${first}`), end: bytes(`k${first}~`) }, also]
  }
  const key = bytes('j')
  ops.set('j', { type: 'put', key, value: randomValue(random) })
  for (let i = 0; i < random() * 5; i++) {
    const key = randomKey(random)
    const isDelete = random() < 0.3
    ops.set(text(key), isDelete ? { type: 'delete', key } : put(key, randomValue(random)))
  }
  return [...ops.values()]
}

function put(key: Uint8Array, value: Uint8Array): WriteOp {
  return { type: 'put', key, value }
}

/** Some are large ones, which the adapter keeps apart; some are empty. */
function randomValue(random: () => number): Uint8Array {
  const start = bytes(`${Math.floor(random() * 1e6)}`)
  const kind = random()
  if (kind < 0.05) return new Uint8Array(0)
  return kind < 0.15 ? Buffer.concat([start, Buffer.alloc(16_000 + random() * 1_000, 'x')]) : start
}

function randomQuery(random: () => number): RangeQuery {
  const keysOnly = random() < 0.2
  if (random() < 0.2) return { start: randomKey(random), keysOnly }
  const start = random() < 0.3 ? bytes('') : randomKey(random)
  const limit = random() < 0.5 ? { countMax: 1 + Math.floor(random() * 10) } : {}
  return { start, end: bytes('k~'), descending: random() < 0.5, keysOnly, ...limit }
}
