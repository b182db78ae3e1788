/**
 * Watches on the registers, judged on each live connection: an event comes before the first answer
 * that shows the change, each change of a persistently watched znode makes exactly one event, and
 * no event comes without a change.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply, WatchEvent } from '../client/session-client.ts'
import { Role, type RoleOptions } from './role.ts'

const DATA_CHANGED = 3

/** One-shot data watches. */
export class OneShotWatchRole extends Role {
  #connection = 0
  #generation = 0
  /** Version that an armed watch was set at, by path. */
  #armed = new Map<string, number>()
  /** Version before the event, until the next read. */
  #fired = new Map<string, number>()

  constructor(options: RoleOptions) {
    super(options)
    options.client.onEvent = (event) => this.#onEvent(event)
    options.client.onConnected = () => this.#reconnected()
  }

  override get isWriter(): boolean {
    return false
  }

  protected async step(): Promise<void> {
    await this.client.ready()
    const connection = this.#connection
    for (const path of this.context.registers.paths) {
      const watch = !this.#armed.has(path)
      const asked = this.client.callNow(4, { path, watch }, connection, (reply) =>
        this.#onRead(path, watch, reply),
      )
      await asked
    }
  }

  #reconnected(): void {
    this.#connection = this.client.connection
    this.#fired.clear()
    if (this.client.generation !== this.#generation) {
      this.#generation = this.client.generation
      this.#armed.clear()
      return
    }
    // As ZooKeeper's client does: what changed meanwhile fires now.
    const data = [...this.#armed.keys()]
    if (data.length === 0) return
    const relativeZxid = this.client.lastZxid
    this.client.callNow(101, { relativeZxid, data }, this.#connection).catch(() => {})
  }

  #onEvent({ type, path }: WatchEvent): void {
    if (type !== DATA_CHANGED) return
    const version = this.#armed.get(path)
    if (version === undefined) {
      // Armed by a read whose answer has not been looked at, or from before: not judged.
      return
    }
    this.#armed.delete(path)
    this.#fired.set(path, version)
  }

  #onRead(path: string, watch: boolean, reply: Reply): void {
    if (reply.err !== 0 || reply.connection !== this.#connection) return
    const { version } = reply.record.stat!
    const armed = this.#armed.get(path)
    if (armed !== undefined && version > armed) {
      this.#bad('an event was lost or late', `${path}: ${version} read, watch set at ${armed}`)
      this.#armed.delete(path)
      return
    }
    const fired = this.#fired.get(path)
    if (fired !== undefined && version <= fired) {
      this.#bad('an event was invented', `${path} fired at ${fired}, still ${version}`)
    }
    this.#fired.delete(path)
    if (watch) this.#armed.set(path, version)
  }

  #bad(kind: string, text: string): void {
    this.context.witness.violation(kind, `${this.client.name} (one-shot): ${text}`)
  }
}

/** One persistent recursive watch on the parent of the registers. */
export class PersistentWatchRole extends Role {
  #connection = 0
  readonly #events = new Map<string, number>()
  readonly #last = new Map<string, number>()

  constructor(options: RoleOptions) {
    super(options)
    options.client.onEvent = ({ type, path }) => {
      if (type === DATA_CHANGED) this.#events.set(path, (this.#events.get(path) ?? 0) + 1)
    }
  }

  override get isWriter(): boolean {
    return false
  }

  protected async step(): Promise<void> {
    await this.client.ready()
    if (this.client.connection !== this.#connection) {
      const { connection } = this.client
      const reply = await this.client.callNow(106, { path: '/r', mode: 1 }, connection)
      if (reply.err !== 0) return sleep(100)
      this.#events.clear()
      this.#last.clear()
      this.#connection = connection
    }
    for (const path of this.context.registers.paths) {
      await this.client.callNow(4, { path }, this.#connection, (reply) => this.#onRead(path, reply))
    }
  }

  #onRead(path: string, { err, record }: Reply): void {
    if (err !== 0) return
    const { version } = record.stat!
    const last = this.#last.get(path)
    const events = this.#events.get(path) ?? 0
    this.#events.set(path, 0)
    this.#last.set(path, version)
    if (last === undefined || version - last === events) return
    this.context.witness.violation(
      events < version - last ? 'an event was lost or late' : 'an event was invented',
      `${this.client.name} (persistent): ${path} went from ${last} to ${version} with ${events} events`,
    )
  }
}
