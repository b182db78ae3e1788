/**
 * Sessions that fall silent: each makes an ephemeral znode, pings for a while, and then hangs or
 * vanishes. Its ephemeral must not be seen gone before the timeout after the last answered request.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { hex, SessionClient } from '../client/session-client.ts'
import { errors, Role, type RoleOptions } from './role.ts'

const lookMs = 50
/** Then the observer gives up: how late an expiry may be is judged by the caller. */
const lifeMsMax = 120_000

export interface SilentOptions extends RoleOptions {
  readonly timeoutMs: number
}

export class SilentRole extends Role {
  readonly #timeoutMs: number
  #stopping = false

  constructor(options: SilentOptions) {
    super(options)
    this.#timeoutMs = options.timeoutMs
  }

  override get isWriter(): boolean {
    return false
  }

  /** A life takes longer than anybody wants to wait: it is broken off. */
  override async pause(): Promise<void> {
    this.#stopping = true
    await super.pause()
    this.#stopping = false
  }

  protected async step(): Promise<void> {
    const { witness } = this.context
    const name = this.nextId().replace(':', '-')
    const path = `/e/${name}`
    const { ports } = this.context
    let lost = false
    const silent = new SessionClient({
      name,
      ports,
      timeoutMs: this.#timeoutMs,
      observer: {
        connected: () => {},
        disconnected: () => {
          lost = true
        },
        sessionLost: () => {
          lost = true
        },
        violation: (kind, text) => witness.violation(kind, text),
      },
    }).start(this.random(ports.length))
    try {
      const made = await this.#untilStopping(silent.call(1, { path, data: name, flags: 1 }))
      if (made?.err !== 0) return
      const quietAtMs = performance.now() + this.random(4_000)
      while (!this.#stopping && performance.now() < quietAtMs) await sleep(lookMs)
      // Its last request may be under its timeout old, but must be known.
      await this.#untilStopping(silent.call(3, { path }))
      if (lost || this.#stopping) return
      if (this.random(2) === 0) silent.freeze()
      else silent.abandon()
      await this.#watch(path, silent)
    } finally {
      silent.abandon()
    }
  }

  async #watch(path: string, silent: SessionClient): Promise<void> {
    const endMs = performance.now() + lifeMsMax
    // What this client's server has not applied yet is not gone; behind a sync it has.
    while (!this.#stopping && performance.now() < endMs) {
      if ((await this.#untilStopping(this.ask(9, { path }))) !== undefined) break
      await sleep(lookMs)
    }
    while (!this.#stopping && performance.now() < endMs) {
      const reply = await this.#untilStopping(this.ask(3, { path }))
      if (reply?.err === errors.NO_NODE) {
        this.#judge(performance.now() - silent.lastAnsweredMs, silent, path)
        return
      }
      await sleep(lookMs)
    }
  }

  #judge(livedMs: number, silent: SessionClient, path: string): void {
    const { witness } = this.context
    witness.silentLivesMs.push(livedMs)
    if (livedMs >= silent.timeoutMs) return
    witness.violation(
      'session ended early',
      `${silent.name}, session ${hex(silent.sessionId)}: ${path} was gone ${Math.round(livedMs)} ms ` +
        `after its last answered request was sent, timeout ${silent.timeoutMs} ms`,
    )
  }

  async #untilStopping<T>(promise: Promise<T>): Promise<T | undefined> {
    promise.catch(() => {})
    let isDone = false
    const done = promise.then(
      (value) => {
        isDone = true
        return value
      },
      () => {
        isDone = true
        return undefined
      },
    )
    while (!isDone && !this.#stopping) await Promise.race([done, sleep(lookMs)])
    return isDone ? done : undefined
  }
}
