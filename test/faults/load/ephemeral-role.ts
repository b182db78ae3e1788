/** Keeps one ephemeral znode: there as long as its session, gone when the session is known to be. */
import { hex } from '../client/session-client.ts'
import { errors, Role } from './role.ts'

/** How long an ephemeral may be seen after its owner was answered that the session has expired. */
const graceMs = 5_000

export class EphemeralRole extends Role {
  #generation = 0
  #isMade = false
  #foreignSinceMs: number | undefined

  get path(): string {
    return `/e/${this.client.name}`
  }

  protected async step(): Promise<void> {
    await this.client.ready()
    if (this.client.generation !== this.#generation) {
      this.#generation = this.client.generation
      this.#isMade = false
      this.#foreignSinceMs = undefined
    }
    if (this.#isMade) await this.#look()
    else await this.#make()
  }

  async #make(): Promise<void> {
    const { path } = this
    const generation = this.#generation
    const id = hex(this.client.sessionId)
    const reply = await this.ask(1, { path, data: id, flags: 1 }, generation)
    if (reply === undefined) return
    if (reply.err === 0) {
      this.#isMade = true
      this.acknowledged()
      return
    }
    if (reply.err !== errors.NODE_EXISTS) return
    // Made by an attempt without an answer, or left by a session that is being ended.
    const found = await this.ask(3, { path }, generation)
    if (found?.err !== 0) return
    const owner = found.record.stat!.ephemeralOwner
    if (owner === this.client.sessionId) {
      this.#isMade = true
      return
    }
    this.#foreignSinceMs ??= performance.now()
    const ageMs = performance.now() - this.#foreignSinceMs
    if (ageMs < graceMs) return
    this.#foreignSinceMs = performance.now()
    this.#bad(
      'ephemeral outlives its session',
      `${path} of ${hex(owner)}, ${Math.round(ageMs)} ms after its owner was answered that it expired`,
    )
  }

  async #look(): Promise<void> {
    const { path } = this
    const generation = this.#generation
    const first = await this.ask(3, { path }, generation)
    if (first === undefined) return
    const isOwn = first.err === 0 && first.record.stat!.ephemeralOwner === this.client.sessionId
    if (isOwn) {
      // Something written from time to time, too.
      const reply = await this.ask(5, { path, data: hex(this.client.sessionId) }, generation)
      if (reply?.err === 0) this.acknowledged()
      return
    }
    // The session may have ended just now; if it is still served, its znode must be there.
    const sync = await this.ask(9, { path }, generation)
    const again = await this.ask(3, { path }, generation)
    if (sync?.err !== 0 || again === undefined) return
    if (again.err === 0 && again.record.stat!.ephemeralOwner === this.client.sessionId) {
      this.#bad('ephemeral came back', path)
    } else {
      this.#bad('ephemeral gone before its session', `${path}: ${first.err}, then ${again.err}`)
      this.#isMade = false
    }
  }

  #bad(kind: string, text: string): void {
    const session = `${this.client.name} (${hex(this.client.sessionId)})`
    this.context.witness.violation(kind, `${session}: ${text}`)
  }
}
