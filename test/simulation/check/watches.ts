/**
 * Events: each change that a watch waits for is told once, in the order of the log, and before any
 * answer that shows the change or a later one; and nothing else is told.
 */
import type { ConnectionHistory, History, SeenEvent } from '../client/history.ts'
import type { Findings } from './findings.ts'
import { Model } from './model.ts'
import type { PlacedTxn } from './replay.ts'
import { type StateOf, type Told, WatchModel } from './watch-model.ts'

export function checkWatches(
  history: History,
  txns: readonly PlacedTxn[],
  findings: Findings,
): void {
  const states = new PastStates(txns)
  for (const session of history.sessions) {
    for (const connection of session.connections) {
      const { openedMs, proxy } = connection
      const problem = new Walk(connection, txns, states).run()
      if (problem !== undefined) {
        const where = `${session.client} on ${proxy} from ${openedMs.toFixed(0)} ms`
        findings.add('events as they happened, before what shows them', `${where}: ${problem}`)
      }
    }
  }
}

class Walk {
  readonly #connection: ConnectionHistory
  readonly #txns: readonly PlacedTxn[]
  readonly #states: PastStates
  readonly #watches = new WatchModel()
  /** Told and not accounted for yet. */
  #events: SeenEvent[] = []
  /** Transactions up to here are accounted for. */
  #at = -1

  constructor(connection: ConnectionHistory, txns: readonly PlacedTxn[], states: PastStates) {
    this.#connection = connection
    this.#txns = txns
    this.#states = states
  }

  run(): string | undefined {
    for (const entry of this.#connection.entries) {
      if (entry.kind === 'event') {
        this.#events.push(entry)
        continue
      }
      const { request, reply } = entry.asked
      if (reply === undefined) continue
      const { zxid, err } = reply
      const told = this.#upTo(zxid)
      if (request.type === 'setWatches') {
        this.#watches.setAgain(request, this.#states.at(zxid), told)
      }
      const problem = this.#compare(told, zxid)
      if (problem !== undefined) return problem
      if ('watch' in request && request.watch) {
        if (request.type === 'exists' || (request.type === 'get' && err === 0)) {
          this.#watches.watchData(request.path)
        } else if (request.type === 'children' && err === 0) {
          this.#watches.watchChildren(request.path)
        }
      }
      if (request.type === 'addWatch' && err === 0) {
        this.#watches.watchAlways(request.path, request.recursive)
      }
    }
    return this.#rest()
  }

  /** What must have been told when the state of this zxid is shown. */
  #upTo(zxid: number): Told[] {
    const told: Told[] = []
    if (this.#at < 0) {
      // The first answer: no watch is older than that.
      while (this.#zxidAt(this.#at + 1) <= zxid) this.#at++
      return told
    }
    while (this.#zxidAt(this.#at + 1) <= zxid) this.#step(told)
    return told
  }

  #zxidAt(index: number): number {
    return this.#txns[index]?.zxid ?? Number.POSITIVE_INFINITY
  }

  #step(told: Told[]): void {
    this.#at++
    if (this.#watches.isEmpty) return
    for (const effect of this.#txns[this.#at]?.effects ?? []) this.#watches.changed(effect, told)
  }

  #compare(told: readonly Told[], zxid: number): string | undefined {
    const is = this.#events.map(({ type, path }) => `${type} ${path}`)
    const should = told.map(({ type, path }) => `${type} ${path}`)
    this.#events = []
    if (is.join() === should.join()) return undefined
    return `before zxid ${zxid}: told ${is.join(', ') || 'nothing'}, not ${should.join(', ') || 'nothing'}`
  }

  /** After the last answer: as far as events came, they must be the next ones. */
  #rest(): string | undefined {
    const told: Told[] = []
    while (told.length < this.#events.length && this.#at + 1 < this.#txns.length) this.#step(told)
    const count = this.#events.length
    const is = this.#events.map(({ type, path }) => `${type} ${path}`)
    const should = told.slice(0, count).map(({ type, path }) => `${type} ${path}`)
    if (is.join() === should.join()) return undefined
    return `at the end: told ${is.join(', ')}, not ${should.join(', ') || 'nothing'}`
  }
}

/** States of the past, which only a setWatches asks for: replayed again as far as needed. */
class PastStates {
  readonly #txns: readonly PlacedTxn[]
  #model = new Model()
  #at = -1

  constructor(txns: readonly PlacedTxn[]) {
    this.#txns = txns
  }

  at(zxid: number): StateOf {
    if (this.#model.zxid > zxid) {
      this.#model = new Model()
      this.#at = -1
    }
    for (;;) {
      const next = this.#txns[this.#at + 1]
      if (next === undefined || next.zxid > zxid) break
      this.#at++
      this.#model.apply(next.effects, next.zxid, 0)
    }
    return (path) => this.#model.nodes.get(path)
  }
}
