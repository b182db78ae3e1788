/** Sees what happens to all clients: acknowledged writes by time, disconnections, violations. */
import { type ClientObserver, hex, type SessionClient } from '../client/session-client.ts'

export interface Violation {
  readonly atMs: number
  /** What was being done to the servers. */
  readonly fault: string
  readonly kind: string
  readonly text: string
}

const violationsKeptMax = 200

export class Witness implements ClientObserver {
  readonly violations: Violation[] = []
  violationCount = 0
  /** When each acknowledged write was acknowledged, in order. */
  readonly ackMs: number[] = []
  readonly disconnects: { readonly atMs: number; readonly name: string; readonly why: string }[] =
    []
  readonly losses: { readonly atMs: number; readonly name: string }[] = []
  /** Errors that are neither success nor one of the refusals that the load provokes, by code. */
  readonly errors = new Map<number, number>()
  reads = 0
  /** The age of the oldest state that a read without sync showed. Unit: ms. */
  staleMsMax = 0
  /** From the last answered request of a session gone silent until its ephemeral was gone. */
  readonly silentLivesMs: number[] = []
  fault = 'start'
  /** The history that the checks remember is no longer the servers': they cannot judge. */
  suspended = false
  onConnected: ((client: SessionClient) => void) | undefined

  connected(client: SessionClient): void {
    this.onConnected?.(client)
  }

  disconnected(client: SessionClient, why: string): void {
    this.disconnects.push({ atMs: performance.now(), name: client.name, why })
  }

  sessionLost(client: SessionClient, lastAnsweredMs: number): void {
    const atMs = performance.now()
    this.losses.push({ atMs, name: client.name })
    const aliveMs = atMs - lastAnsweredMs
    if (aliveMs < client.timeoutMs) {
      const session = `${client.name}, session ${hex(client.sessionId)}`
      this.violation(
        'session ended early',
        `${session}: expired ${Math.round(aliveMs)} ms after its last answered request was sent, ` +
          `timeout ${client.timeoutMs} ms`,
      )
    }
  }

  acknowledged(): void {
    this.ackMs.push(performance.now())
  }

  error(code: number): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1)
  }

  violation(kind: string, text: string): void {
    if (this.suspended) return
    this.violationCount++
    if (this.violations.length >= violationsKeptMax) return
    this.violations.push({ atMs: performance.now(), fault: this.fault, kind, text })
  }

  /** The longest time between two acknowledged writes that touches [fromMs, toMs]. Unit: ms. */
  longestGapMs(fromMs: number, toMs: number): number {
    const within = this.ackMs.filter((ms) => ms >= fromMs && ms <= toMs)
    const before = this.ackMs.findLast((ms) => ms < fromMs) ?? fromMs
    const after = this.ackMs.find((ms) => ms > toMs) ?? toMs
    const times = [before, ...within, after]
    let longest = 0
    for (let i = 1; i < times.length; i++) longest = Math.max(longest, times[i]! - times[i - 1]!)
    return longest
  }

  /** The first acknowledged write after `ms`, or undefined. */
  firstAckAfter(ms: number): number | undefined {
    return this.ackMs.find((atMs) => atMs > ms)
  }
}
