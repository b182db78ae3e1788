/** Two clients, each on a member of its own, over one memory store and one ManualClock: where the faults of recipes are tried. */
import type { ZnodeError, ZooKeeper } from '../../lib/index.ts'
import { livenessBench, type Member } from './liveness-bench.ts'
import { connect, contenders, PATH, passTime } from './recipe-bench.ts'

/** Registers its own hooks. */
export function twoClients() {
  const bench = livenessBench()
  let one: Member
  let two: Member
  let a: ZooKeeper
  let b: ZooKeeper
  beforeEach(async () => {
    one = await bench.start()
    two = await bench.start()
    a = await connect(one)
    b = await connect(two)
  })
  return {
    bench,
    get one() {
      return one
    },
    get two() {
      return two
    },
    get a() {
      return a
    },
    get b() {
      return b
    },
    pass: (ms: number): Promise<void> => passTime(bench.clock, ms),
    /** The path of the ephemeral of this client below `parent`. */
    async ownOf(client: ZooKeeper, parent = PATH): Promise<string> {
      for (const name of await contenders(client, parent)) {
        const stat = await client.exists(`${parent}/${name}`)
        if (stat?.ephemeralOwner === client.sessionId) return `${parent}/${name}`
      }
      throw new Error('it has no znode')
    },
  }
}

/** What is thrown outside of any call while `run` lasts. */
export async function uncaughtDuring(run: () => Promise<void>): Promise<unknown[]> {
  const thrown: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error))
  try {
    await run()
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
  return thrown
}

/** A word for an error: its code, else its name. */
export function wordOf(error: unknown): string | undefined {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: string }
  return typeof code === 'string' ? code : name
}

/** Code and outcome of a rejection; undefined until then. */
export function failureOf(promise: Promise<unknown>): { now?: string } {
  const failure: { now?: string } = {}
  promise.catch((error: ZnodeError) => {
    failure.now = `${wordOf(error)} ${error.outcome}`
  })
  return failure
}

/** The same client, which does something before each of its calls of this name. */
export function aheadOf(
  client: ZooKeeper,
  call: keyof ZooKeeper,
  run: (path: string) => Promise<unknown>,
): ZooKeeper {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== call) return value.bind(target)
      return async (...args: [string]) => {
        await run(args[0])
        return value.apply(target, args)
      }
    },
  })
}
