/**
 * 31 clients over the wire, spread over the servers through the links. It stands still for a check
 * and starts a new chapter (a folder of its own for what is created) behind it.
 */

import { within } from '../../support/eventually.ts'
import type { RawMultiOp, RawOp, RawRequests } from '../../support/raw-codec.ts'
import type { Bed } from '../bed/bed.ts'
import { OnceCheck } from '../checks/once-check.ts'
import { RegisterCheck } from '../checks/register-check.ts'
import type { LoadHistory, RegisterHistory } from '../checks/register-history.ts'
import type { Witness } from '../checks/witness.ts'
import { type Reply, SessionClient } from '../client/session-client.ts'
import { CreateRole } from './create-role.ts'
import { EphemeralRole } from './ephemeral-role.ts'
import { PairRole } from './pair-role.ts'
import { RegisterRole } from './register-role.ts'
import type { LoadContext, Role, RoleOptions } from './role.ts'
import { SequenceRole } from './sequence-role.ts'
import { SilentRole } from './silent-role.ts'
import { OneShotWatchRole, PersistentWatchRole } from './watch-role.ts'

export const sessionTimeoutMs = 6_000

const registerCount = 4
const pairCount = 2
const quiesceMsMax = 45_000
const opsPerMulti = 200
const askMsMax = 10_000
const ensureMsMax = 60_000

interface Cast {
  readonly kind: string
  readonly count: number
  readonly pauseMs: number
  readonly make: (options: RoleOptions) => Role
}

export interface LoadOptions {
  readonly bed: Bed
  readonly witness: Witness
  readonly random: () => number
  readonly history?: RegisterHistory | undefined
  /** Distinguishes clients, and with them all identities, of one load from those of another. */
  readonly name: string
}

export class Load {
  readonly witness: Witness
  readonly roles: Role[] = []
  readonly context: LoadContext
  readonly #bed: Bed
  readonly #name: string
  readonly #random: () => number
  readonly #history: LoadHistory | undefined
  #chapters = 0
  readonly #admin: SessionClient

  private constructor({ bed, witness, random, history, name }: LoadOptions) {
    this.#bed = bed
    this.#name = name
    this.#random = random
    this.witness = witness
    this.#history = history?.of(name)
    this.context = {
      witness,
      random,
      registers: new RegisterCheck(witness, this.#history),
      pairs: Array.from({ length: pairCount }, (_, index) => `/p/${index}`),
      ports: bed.clientPorts,
      chapter: { folder: '/none', check: new OnceCheck(witness) },
    }
    this.#admin = this.#client('admin').start(0)
  }

  /** The servers may show less than it has seen: what it saw is not judged. */
  historyLost(): void {
    this.witness.suspended = true
    this.#history?.lost()
  }

  /** Makes the fixed znodes, or takes over those of an earlier load, and lets the clients begin. */
  static async start(options: LoadOptions): Promise<Load> {
    const load = new Load(options)
    try {
      await load.#prepare()
      load.#cast()
      await load.newChapter()
    } catch (error) {
      load.abandon()
      throw error
    }
    load.resume()
    return load
  }

  get clients(): SessionClient[] {
    return this.roles.map(({ client }) => client)
  }

  resume(): void {
    for (const role of this.roles) role.resume()
  }

  /** Resolves when nothing is in progress. */
  async pause(): Promise<void> {
    const busy = (): string =>
      this.clients
        .filter((client) => !client.isConnected || client.waitedMs > 0)
        .map(({ name, isConnected, waitedMs }) => `${name} ${isConnected} ${Math.round(waitedMs)}`)
        .join(', ')
    const paused = Promise.all(this.roles.map((role) => role.pause()))
    await within('the load stands still', quiesceMsMax, paused, busy)
  }

  /** As many clients on each server, as at the start. */
  spread(): void {
    for (const [index, client] of this.clients.entries()) {
      client.moveTo(index % this.#bed.clientPorts.length)
    }
  }

  /** The clients leave that server, and use it again after `undefined`. */
  avoid(server: number | undefined): void {
    const ports = this.#bed.clientPorts
    this.context.ports = ports.filter((_, index) => index !== server)
    const count = this.context.ports.length
    for (const [index, client] of this.clients.entries()) {
      if (client.server === server) client.moveTo((server + 1 + (index % count)) % ports.length)
    }
  }

  /** All connected, and each writer has had a write acknowledged after `ms`. */
  isHealthySince(ms: number): boolean {
    return this.roles.every(
      (role) => role.client.isConnected && (!role.isWriter || role.lastAckMs > ms),
    )
  }

  /** While paused: later creates go into a new folder; the old one is deleted. */
  async newChapter(): Promise<void> {
    const old = this.context.chapter.folder
    const folder = `/${this.#name}-${this.#chapters++}`
    for (const path of [folder, `${folder}/c`, `${folder}/s`, `${folder}/m`]) {
      await this.#ensure(path)
    }
    this.context.chapter = { folder, check: new OnceCheck(this.witness) }
    if (old !== '/none') await this.#deleteTree(old)
  }

  async stop(): Promise<void> {
    await this.pause().catch(() => {})
    await Promise.all([...this.clients, this.#admin].map((client) => client.stop()))
  }

  /** Ends all connections and leaves the sessions alone. */
  abandon(): void {
    for (const role of this.roles) void role.pause()
    for (const client of [...this.clients, this.#admin]) client.abandon()
  }

  #client(name: string): SessionClient {
    return new SessionClient({
      name: `${this.#name}-${name}`,
      ports: this.#bed.clientPorts,
      timeoutMs: sessionTimeoutMs,
      observer: this.witness,
    })
  }

  #cast(): void {
    const casts: Cast[] = [
      {
        kind: 'register',
        count: 8,
        pauseMs: 30,
        make: (options) => new RegisterRole({ ...options, writes: true }),
      },
      {
        kind: 'reader',
        count: 3,
        pauseMs: 30,
        make: (options) => new RegisterRole({ ...options, writes: false }),
      },
      { kind: 'create', count: 4, pauseMs: 80, make: (options) => new CreateRole(options) },
      { kind: 'sequence', count: 3, pauseMs: 80, make: (options) => new SequenceRole(options) },
      { kind: 'pair', count: 3, pauseMs: 60, make: (options) => new PairRole(options) },
      { kind: 'ephemeral', count: 4, pauseMs: 200, make: (options) => new EphemeralRole(options) },
      { kind: 'watch', count: 2, pauseMs: 20, make: (options) => new OneShotWatchRole(options) },
      {
        kind: 'persist',
        count: 2,
        pauseMs: 60,
        make: (options) => new PersistentWatchRole(options),
      },
      {
        kind: 'silent',
        count: 2,
        pauseMs: 50,
        make: (options) => new SilentRole({ ...options, timeoutMs: sessionTimeoutMs }),
      },
    ]
    let server = 0
    for (const { kind, count, pauseMs, make } of casts) {
      for (let index = 0; index < count; index++) {
        const client = this.#client(`${kind}${index}`)
        this.roles.push(make({ client, context: this.context, pauseMs }))
        client.start(server++)
      }
    }
  }

  async #prepare(): Promise<void> {
    for (const path of ['/r', '/p', '/e']) await this.#ensure(path)
    for (const folder of this.context.pairs) {
      for (const path of [folder, `${folder}/a`, `${folder}/b`]) await this.#ensure(path)
    }
    for (let index = 0; index < registerCount; index++) {
      const path = `/r/${index}`
      await this.#ensure(path)
      const { record } = await this.#ask(4, { path })
      this.context.registers.add(path, record.stat!.version, record.data?.toString() ?? '')
    }
  }

  async #ensure(path: string): Promise<void> {
    let last: unknown
    const endMs = performance.now() + ensureMsMax
    while (performance.now() < endMs) {
      try {
        const { err } = await this.#ask(1, { path, data: '' })
        if (err === 0 || err === -110) return
        last = new Error(`answered ${err}`)
      } catch (error) {
        last = error
      }
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    throw new Error(`create of ${path} does not succeed`, { cause: last })
  }

  /** Not for ever, unlike the clients under test: the next attempt is made at the next server. */
  async #ask<K extends RawOp>(op: K, record: RawRequests[K]): Promise<Reply> {
    try {
      return await within(`op ${op} is answered`, askMsMax, this.#admin.call(op, record))
    } catch (error) {
      this.#admin.dropConnection('no answer')
      throw error
    }
  }

  async #deleteTree(folder: string): Promise<void> {
    const paths: string[] = []
    for (const kind of ['c', 's', 'm']) {
      const { record } = await this.#ask(8, { path: `${folder}/${kind}` })
      for (const name of record.children ?? []) paths.push(`${folder}/${kind}/${name}`)
      paths.push(`${folder}/${kind}`)
    }
    paths.push(folder)
    while (paths.length > 0) {
      const ops: RawMultiOp[] = paths.splice(0, opsPerMulti).map((path) => ({ op: 2, path }))
      await this.#ask(14, { ops }).catch(() => {})
    }
  }

  get random(): () => number {
    return this.#random
  }
}
