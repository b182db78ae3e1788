/**
 * Requests at random on a small tree that all clients share, so that they meet: registers, a set of
 * znodes, a queue in sequence, ephemerals, pairs that only multis change, and watches on all of them.
 */
import type { History } from './history.ts'
import type { ModelOp, SimRequest } from './requests.ts'
import type { SimClient, Workload } from './sim-client.ts'

export const REGISTERS = ['/r/0', '/r/1', '/r/2'] as const
const PAIR = ['/m/a', '/m/b'] as const
const ROOMS = ['/r', '/n', '/q', '/e', '/m', '/t'] as const
const SET_NODES = 6

/** What must be there before the others begin. */
export const SETUP_PATHS: readonly string[] = [...ROOMS, ...REGISTERS, ...PAIR]

const create = (path: string, flags: number, data: string, ttlMs = 0): SimRequest & ModelOp => ({
  type: 'create',
  path,
  flags,
  data,
  ttlMs,
})

export class RandomWorkload implements Workload {
  readonly #history: History
  readonly #withTtl: boolean
  /** Version by path, as any client has seen it last. */
  readonly #versions = new Map<string, number>()
  /** Of the queue, not known to be gone. */
  readonly #queue: string[] = []
  #seen = 0

  constructor(history: History, options: { readonly withTtl: boolean }) {
    this.#history = history
    this.#withTtl = options.withTtl
  }

  next(client: SimClient): readonly SimRequest[] {
    this.#learn()
    const { random } = client
    const requests = [...this.#one(client)]
    while (random.chance(0.35) && requests.length < 6) requests.push(...this.#one(client))
    return requests
  }

  #one(client: SimClient): readonly SimRequest[] {
    const { random } = client
    const path = this.#anyPath(client)
    const dice = random.below(100)
    if (dice < 16) return [this.#write(client)]
    if (dice < 24) return [{ type: 'sync', path: '/' }, this.#read(random.pick(REGISTERS), client)]
    if (dice < 38) return [this.#read(path, client)]
    if (dice < 46)
      return [{ type: 'children', path: random.pick(ROOMS), watch: random.chance(0.5) }]
    if (dice < 62) return [this.#setNode(client)]
    if (dice < 72) return [this.#sequence(client)]
    if (dice < 80) return [this.#ephemeral(client)]
    if (dice < 90) return [this.#multi(client)]
    if (dice < 94) return [{ type: 'multiRead', paths: [...PAIR] }]
    if (dice < 96 && this.#withTtl) return [this.#mortal(client)]
    if (dice < 98) {
      return [{ type: 'addWatch', path: random.pick(ROOMS), recursive: random.chance(0.5) }]
    }
    return random.chance(0.4) ? [{ type: 'close' }] : [{ type: 'sync', path: '/' }]
  }

  #anyPath(client: SimClient): string {
    const { random } = client
    const dice = random.below(5)
    if (dice === 0) return random.pick(REGISTERS)
    if (dice === 1) return random.pick(PAIR)
    if (dice === 2) return `/e/${random.below(4)}`
    return `/n/${random.below(SET_NODES)}`
  }

  #read(path: string, { random }: SimClient): SimRequest {
    return { type: random.chance(0.3) ? 'exists' : 'get', path, watch: random.chance(0.5) }
  }

  #version(path: string, { random }: SimClient): number {
    return random.chance(0.5) ? (this.#versions.get(path) ?? 0) : -1
  }

  #write(client: SimClient): SimRequest {
    const path = client.random.pick(REGISTERS)
    const version = this.#version(path, client)
    return { type: 'set', path, data: client.freshData(), version }
  }

  #setNode(client: SimClient): SimRequest {
    const { random } = client
    const path = `/n/${random.below(SET_NODES)}`
    const dice = random.below(3)
    if (dice === 0) return { type: 'delete', path, version: this.#version(path, client) }
    if (dice === 1) {
      return { type: 'set', path, data: client.freshData(), version: this.#version(path, client) }
    }
    return create(path, 0, client.freshData())
  }

  #sequence(client: SimClient): SimRequest {
    const { random } = client
    if (this.#queue.length > 0 && random.chance(0.45)) {
      const at = random.below(this.#queue.length)
      const [path = '/q/none'] = this.#queue.splice(at, 1)
      return { type: 'delete', path, version: -1 }
    }
    return create('/q/e-', random.chance(0.3) ? 3 : 2, client.freshData())
  }

  #ephemeral(client: SimClient): SimRequest {
    const { random } = client
    const path = `/e/${random.below(4)}`
    if (random.chance(0.3)) return { type: 'delete', path, version: -1 }
    return create(path, 1, client.freshData())
  }

  #mortal(client: SimClient): SimRequest {
    const ttlMs = client.random.pick([1_500, 4_000])
    return create(`/t/${client.random.below(1_000)}`, 5, client.freshData(), ttlMs)
  }

  #multi(client: SimClient): SimRequest {
    const { random } = client
    if (random.chance(0.5)) {
      const data = client.freshData()
      return {
        type: 'multi',
        ops: PAIR.map((path): ModelOp => ({ type: 'set', path, data, version: -1 })),
      }
    }
    const ops: ModelOp[] = []
    const count = 2 + random.below(3)
    for (let i = 0; i < count; i++) {
      const path = `/n/${random.below(SET_NODES)}`
      const version = this.#version(path, client)
      const dice = random.below(5)
      if (dice === 0) ops.push({ type: 'check', path, version })
      else if (dice === 1) ops.push({ type: 'delete', path, version })
      else if (dice === 2) ops.push(create('/q/m-', random.chance(0.3) ? 3 : 2, client.freshData()))
      else if (dice === 3) ops.push(create(path, 0, client.freshData()))
      else {
        const register = random.pick(REGISTERS)
        ops.push({ type: 'set', path: register, data: client.freshData(), version: -1 })
      }
    }
    return { type: 'multi', ops }
  }

  #learn(): void {
    const { asked } = this.#history
    // Answers come about in the order of the requests: what is late is learned by the next round.
    for (; this.#seen < asked.length; this.#seen++) {
      const { reply, request, callMs } = asked[this.#seen] as History['asked'][number]
      if (reply === undefined && asked.length - this.#seen < 40 && callMs > 0) break
      if (reply === undefined || reply.err !== 0) continue
      const { stat, path } = reply.record
      if (request.type === 'create' && path?.startsWith('/q/')) this.#queue.push(path)
      const about = path ?? ('path' in request ? request.path : undefined)
      if (stat !== undefined && typeof about === 'string') this.#versions.set(about, stat.version)
    }
  }
}

/** Only looks: where the store cannot be reached it is answered all the same, for as long as its proxy serves. */
export class ReadingWorkload implements Workload {
  next({ random }: SimClient): readonly SimRequest[] {
    const dice = random.below(10)
    if (dice === 0) return [{ type: 'multiRead', paths: [...PAIR] }]
    if (dice < 3) return [{ type: 'children', path: random.pick(ROOMS), watch: random.chance(0.3) }]
    return [{ type: 'get', path: random.pick(REGISTERS), watch: random.chance(0.3) }]
  }
}
