/**
 * Sessions of vanished proxies, and when each ends unless a client resumes it before. Every proxy
 * keeps this list, and any of them may propose the end. Neighbour: session-manager.
 */
import type { ProxyRecord, SessionRecord } from '../../format/record.ts'
import { goneForMs } from './proxy-registry.ts'

export type SessionTable = ReadonlyMap<bigint, SessionRecord>

export class Orphans {
  /** Id → when it ends, monotonic ms. */
  readonly #ends = new Map<bigint, number>()

  /** Its proxy was not there when we looked: the session has its whole timeout from now. */
  add(record: SessionRecord, nowMs: number): void {
    if (!this.#ends.has(record.id)) this.#ends.set(record.id, nowMs + record.timeoutMs)
  }

  /**
   * A proxy vanished: its sessions have what is left of their timeouts, and all of them since this proxy serves:
   * before, there may have been no other. `spreadMs` is drawn for each, so that survivors do not propose the same
   * ends together.
   */
  addAllOf(
    proxy: string,
    gone: ProxyRecord,
    sessions: SessionTable,
    { nowMs, servedFromMs }: { readonly nowMs: number; readonly servedFromMs: number },
    spreadMs: () => number,
  ): void {
    const spentMs = goneForMs(gone)
    for (const { id, owner, timeoutMs } of sessions.values()) {
      if (owner !== proxy) continue
      const leftMs = Math.max(0, timeoutMs - spentMs)
      this.#ends.set(id, Math.max(nowMs + leftMs, servedFromMs + timeoutMs) + spreadMs())
    }
  }

  /** The proxy is back: it looks after its sessions itself. */
  removeAllOf(proxy: string, sessions: SessionTable): void {
    for (const id of this.#ends.keys()) {
      if (sessions.get(id)?.owner === proxy) this.#ends.delete(id)
    }
  }

  remove(id: bigint): void {
    this.#ends.delete(id)
  }

  /** Those that are no session any more go. */
  retain(sessions: SessionTable): void {
    for (const id of this.#ends.keys()) if (!sessions.has(id)) this.#ends.delete(id)
  }

  /**
   * Clients could not come back meanwhile: each session has its whole timeout from now, at least.
   */
  extend(sessions: SessionTable, nowMs: number): void {
    for (const [id, endMs] of this.#ends) {
      const record = sessions.get(id)
      if (record !== undefined) this.#ends.set(id, Math.max(endMs, nowMs + record.timeoutMs))
    }
  }

  /** For so long clients could not come back. */
  delay(ms: number): void {
    for (const [id, endMs] of this.#ends) this.#ends.set(id, endMs + ms)
  }

  /** Is the time of one up? */
  isDue(nowMs: number): boolean {
    for (const endMs of this.#ends.values()) if (nowMs >= endMs) return true
    return false
  }

  /**
   * Takes those out whose time was up when the newest list of proxies was requested, at `listedMs`: their proxy may
   * have come, or come back, without our knowing.
   */
  takeDue(sessions: SessionTable, listedMs: number): SessionRecord[] {
    const due: SessionRecord[] = []
    for (const [id, endMs] of this.#ends) {
      if (listedMs < endMs) continue
      this.#ends.delete(id)
      const record = sessions.get(id)
      if (record !== undefined) due.push(record)
    }
    return due
  }
}
