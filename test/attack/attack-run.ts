/** A bystander, one attack, and what came of it. Neighbours: attacks/, bystander, memory, servers, table. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { RawClient } from '../support/raw-client.ts'
import type { Attack } from './attacks/attack.ts'
import type { Sizes } from './attacks/sizes.ts'
import type { Seen } from './bystander.ts'
import { type Memory, MemoryWatch } from './memory.ts'

export interface Row {
  readonly attack: string
  readonly off?: string
  /** What the attacker got. */
  readonly outcome: string
  readonly seconds: number
  /** What the bystander saw before. */
  readonly calm: Seen
  readonly bystander: Seen
  /** From the end of the attack until the bystander is as well as before; undefined: it was not, in 30 s. Unit ms. */
  readonly recoveryMs: number | undefined
  /** From the end of the attack until a new client has connected, written and read, ms. */
  readonly newClientMs: number
  /** Of the server. */
  readonly memory: Memory
  /** Of the store's own process, where it has one. */
  readonly storeMemory?: Memory
}

export interface Attacked {
  readonly port: number
  readonly pid: number
  readonly storePid?: number
  readonly isRunning: boolean
}

export const ENDED = 'the server process ended'

export interface Waits {
  /** For how long the bystander is watched before, ms. */
  readonly calmMs: number
  /** From what prepares an attack until it begins, so that the one is over when the other begins, ms. */
  readonly preparedMs: number
  /** From the recovery until memory is looked at the last time, ms. */
  readonly settleMs: number
}

export const WAITS: Waits = { calmMs: 1_500, preparedMs: 500, settleMs: 2_000 }

const RECOVERY_MS_MAX = 30_000
/** Of the bystander while it recovers; it has answers for a p99 in so long. */
const WINDOW_MS = 250
/** As well as before: a p99 of no more than three times as much, or than this. Unit ms. */
const CALM_MS = 50
const CALM_TIMES = 3

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

export class Bystander {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async start(port: number): Promise<Bystander> {
    const program = fileURLToPath(new URL('./bystander.ts', import.meta.url))
    const child = fork(program, [String(port)], { execArgv: ['--import', 'tsx'] })
    await once(child, 'message')
    return new Bystander(child)
  }

  async seen(): Promise<Seen> {
    const answer = once(this.#child, 'message')
    this.#child.send('?')
    return (await answer)[0] as Seen
  }

  /** What it sees in so long. */
  async during(ms: number): Promise<Seen> {
    await this.seen()
    await sleep(ms)
    return this.seen()
  }

  stop(): void {
    this.#child.kill('SIGKILL')
  }
}

/** @throws {Error} when none is, in 30 s, or never will be */
async function newClientServed(server: Attacked): Promise<void> {
  const deadlineMs = performance.now() + RECOVERY_MS_MAX
  for (;;) {
    try {
      const client = await RawClient.connect({ port: server.port })
      const path = `/recovered-${Math.random()}`
      const created = await client.create(path)
      const read = await client.getData(path)
      await client.close()
      if (created.err === 0 && read.err === 0) return
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
    }
    if (!server.isRunning) throw new Error(ENDED)
    if (performance.now() > deadlineMs) throw new Error('no client was served in time')
    await sleep(50)
  }
}

/** @returns ms; undefined: not in 30 s */
async function recovered(bystander: Bystander, calm: Seen): Promise<number | undefined> {
  const bound = Math.max(CALM_MS, calm.p99Ms * CALM_TIMES)
  const startMs = performance.now()
  for (;;) {
    const windowMs = performance.now() - startMs
    if (windowMs > RECOVERY_MS_MAX) return undefined
    const { answered, p99Ms, failed } = await bystander.during(WINDOW_MS)
    if (answered > 0 && failed === 0 && p99Ms <= bound) return windowMs
  }
}

export async function attackOnce(
  attack: Attack,
  sizes: Sizes,
  server: Attacked,
  bystander: Bystander,
  waits: Waits = WAITS,
): Promise<Row> {
  const calm = await bystander.during(waits.calmMs)
  const memory = new MemoryWatch(server.pid)
  const store = server.storePid === undefined ? undefined : new MemoryWatch(server.storePid)
  try {
    let startMs = performance.now()
    const begin = async (): Promise<void> => {
      await sleep(waits.preparedMs)
      await bystander.seen()
      startMs = performance.now()
    }
    const outcome = await attack.run({ port: server.port, sizes, begin })
    const endMs = performance.now()
    const seen = await bystander.seen()
    const isServed = newClientServed(server).then(() => performance.now() - endMs)
    const [recoveryMs, newClientMs] = await Promise.all([recovered(bystander, calm), isServed])
    await sleep(waits.settleMs)
    return {
      attack: attack.name,
      ...(attack.off === undefined ? {} : { off: attack.off }),
      outcome,
      seconds: (endMs - startMs) / 1_000,
      calm,
      bystander: seen,
      recoveryMs,
      newClientMs,
      memory: memory.stop(),
      ...(store === undefined ? {} : { storeMemory: store.stop() }),
    }
  } finally {
    memory.abandon()
    store?.abandon()
  }
}
