/** What the roles of the load share: a client, a pace, a place to stop. */
import type { RawOp, RawRequests } from '../../support/raw-codec.ts'
import type { OnceCheck } from '../checks/once-check.ts'
import type { RegisterCheck } from '../checks/register-check.ts'
import type { Witness } from '../checks/witness.ts'
import {
  ConnectionLost,
  type Reply,
  type SessionClient,
  SessionGone,
} from '../client/session-client.ts'

/** Where the load writes now; a new chapter for each fault keeps the tree small. */
export interface Chapter {
  readonly folder: string
  readonly check: OnceCheck
}

export interface LoadContext {
  readonly witness: Witness
  readonly registers: RegisterCheck
  readonly pairs: readonly string[]
  readonly random: () => number
  chapter: Chapter
  /** Where sessions of the moment may connect. */
  ports: readonly number[]
}

export interface RoleOptions {
  readonly client: SessionClient
  readonly context: LoadContext
  readonly pauseMs: number
}

const NO_NODE = -101
const NODE_EXISTS = -110
const BAD_VERSION = -103
export const errors = { NO_NODE, NODE_EXISTS, BAD_VERSION } as const
const refusals = new Set<number>(Object.values(errors))

/** A request without an answer for so long, on a connection that lives, is stuck. */
const stuckMs = 12_000

export abstract class Role {
  readonly client: SessionClient
  protected readonly context: LoadContext
  readonly #pauseMs: number
  #running = false
  #busy: Promise<void> = Promise.resolve()
  #stuckTimer: NodeJS.Timeout | undefined
  #counter = 0
  /** The newest acknowledged write of this role. */
  lastAckMs = 0

  constructor({ client, context, pauseMs }: RoleOptions) {
    this.client = client
    this.context = context
    this.#pauseMs = pauseMs
  }

  /** True: its writes show whether the service is healthy. */
  get isWriter(): boolean {
    return true
  }

  resume(): void {
    if (this.#running) return
    this.#running = true
    this.#busy = this.#loop()
    this.#stuckTimer = setInterval(() => this.#lookForStuck(), 1_000)
  }

  /** Resolves when nothing of it is in progress. */
  async pause(): Promise<void> {
    this.#running = false
    await this.#busy
    clearInterval(this.#stuckTimer)
  }

  protected abstract step(): Promise<void>

  /** Unique among all writes of the run. */
  protected nextId(): string {
    return `${this.client.name}:${this.#counter++}`
  }

  protected random(count: number): number {
    return Math.floor(this.context.random() * count)
  }

  protected acknowledged(): void {
    this.lastAckMs = performance.now()
    this.context.witness.acknowledged()
  }

  /** A reply, or undefined when its outcome is unknown; SessionGone when nothing was sent. */
  protected async ask<K extends RawOp>(
    op: K,
    record: RawRequests[K],
    generation?: number,
  ): Promise<Reply | undefined> {
    try {
      const reply = await this.client.call(op, record, generation)
      if (reply.err === 0 || refusals.has(reply.err)) return reply
      this.context.witness.error(reply.err)
      return undefined
    } catch (error) {
      if (error instanceof ConnectionLost) return undefined
      throw error
    }
  }

  async #loop(): Promise<void> {
    while (this.#running) {
      try {
        await this.step()
      } catch (error) {
        if (!(error instanceof SessionGone) && !(error instanceof ConnectionLost)) throw error
      }
      const pauseMs = this.#pauseMs * (0.5 + Math.random())
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }

  #lookForStuck(): void {
    const { client } = this
    if (!client.isConnected || client.waitedMs < stuckMs) return
    const waited = Math.round(client.waitedMs)
    this.context.witness.violation(
      'a request is stuck',
      `${client.name} on server ${client.server}: no answer for ${waited} ms, pings are answered`,
    )
    client.dropConnection('a request was stuck')
  }
}
