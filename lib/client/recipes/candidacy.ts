/**
 * A candidate that stands in line, leads, and stands again: when its znode was deleted, its session ended and another one
 * is there, or the store refused it for now. Neighbours: contend, leader-latch, leader-selector.
 */
import { pause } from '../../base/pause.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { contend, type Line } from './contend.ts'
import { inOrder } from './contender-name.ts'
import type { Held } from './holding.ts'
import { orSessionEnd } from './session-end.ts'
import { mayPass, unlessAborted } from './session-return.ts'

/** Before a candidate stands again that the store refused for now, or whose callback threw. Unit ms. */
export const STAND_AGAIN_MS = 1_000

export interface CandidacyHooks {
  /** It stands in line. */
  readonly onQueued: () => void
  /**
   * It leads. Resolves when the leadership is over or is to be given up: true: it stands again. Never rejects.
   */
  readonly lead: (held: Held) => Promise<boolean>
  /** It could not stand, and will again. */
  readonly onRefused: (error: unknown) => void
}

export class Candidacy {
  readonly #line: Line
  readonly #hooks: CandidacyHooks
  readonly #closing = new AbortController()
  /** Nothing is left of the newest wait, unless it was successful. */
  #removed = Promise.resolve()

  constructor(line: Line, hooks: CandidacyHooks) {
    this.#line = line
    this.#hooks = hooks
  }

  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** It stands no more. */
  close(): void {
    this.#closing.abort()
  }

  /** Resolves when no znode of a wait that was given up is left, or the session has ended or may have. */
  removed(): Promise<void> {
    return orSessionEnd(this.#line.client, this.#removed)
  }

  /** Stands until it is closed, or `lead` says so. @throws why it could not stand, and will not again */
  async run(): Promise<void> {
    const signal = this.closing
    const hooks = {
      onQueued: this.#hooks.onQueued,
      onBegun: (over: Promise<void>): void => {
        this.#removed = over
      },
    }
    while (!signal.aborted) {
      try {
        const held = await contend(this.#line, { signal }, hooks)
        const isToStand = await this.#hooks.lead(held)
        await held.release().catch(() => {})
        if (!isToStand) return
      } catch (error) {
        const mayStandAgain = signal.aborted
          ? undefined
          : await unlessAborted(this.#mayStandAgain(error), signal)
        if (signal.aborted) return
        if (mayStandAgain !== true) throw error
        this.#hooks.onRefused(error)
      }
    }
  }

  /** A refusal for now, a session that may have ended and has not, or another session. */
  async #mayStandAgain(error: unknown): Promise<boolean> {
    const { client } = this.#line
    if (!(error instanceof ZnodeError) || !(await whenConnected(client))) return false
    if (error.code === 'ZK_SESSION_EXPIRED') return true
    if (!mayPass(error)) return false
    await pause(client.clock, STAND_AGAIN_MS, this.closing)
    return whenConnected(client)
  }
}

/** One that stands in line. */
export interface Participant {
  /** Its `id`; empty if it has none. */
  readonly id: string
  /** It is the first in line. */
  readonly isLeader: boolean
}

/** Those in line, the first one first, as of now. @throws {ZnodeError} */
export async function participantsOf(client: ZooKeeper, path: string): Promise<Participant[]> {
  const found = await Promise.all((await namesIn(client, path)).map((name) => idOf(client, name)))
  const ids = found.filter((id) => id !== undefined)
  return ids.map((id, place) => ({ id, isLeader: place === 0 }))
}

/** The id of the first in line; undefined: there is none. @throws {ZnodeError} */
export async function leaderOf(client: ZooKeeper, path: string): Promise<string | undefined> {
  for (const name of await namesIn(client, path)) {
    const id = await idOf(client, name)
    if (id !== undefined) return id
  }
  return undefined
}

/** Paths of the contenders, in order. */
async function namesIn(client: ZooKeeper, path: string): Promise<string[]> {
  if ((await client.exists(path)) === undefined) return []
  return inOrder((await client.getChildren(path)).children).map((name) => childOf(path, name))
}

/** undefined: it is gone. */
async function idOf(client: ZooKeeper, path: string): Promise<string | undefined> {
  try {
    const { data } = await client.getData(path)
    return Buffer.from(data ?? []).toString()
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return undefined
    throw error
  }
}
