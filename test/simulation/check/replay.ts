/**
 * The store's log, replayed in zxid order on the model, with every answered request in its place: each
 * write must have had exactly the effects and the answer that the model gives it there, and each read
 * must show exactly the state that its zxid names. What nobody asked for must not be in the log.
 */
import { JOURNAL_FORMAT } from '../../../lib/format/journal.ts'
import { sessionName } from '../../../lib/internal.ts'
import { epochOf } from '../../../lib/model/zxid.ts'
import {
  type Asked,
  type AskedWrite,
  type History,
  isAskedWrite,
  isOutOfSpace,
} from '../client/history.ts'
import type { LoneStart } from '../proxy/sim-proxy.ts'
import type { LogEntry } from '../store/store-log.ts'
import { Ages } from './ages.ts'
import { readProblem, writeProblem } from './answers.ts'
import { Askers, type Origin } from './askers.ts'
import { type Effect, effectOf, show } from './effects.ts'
import type { Findings } from './findings.ts'
import { Model, type ModelNode } from './model.ts'
import { type Trust, trustAll } from './trust.ts'

/** A transaction with its place, and whose it was, where that is known. */
export interface PlacedTxn {
  readonly zxid: number
  readonly atMs: number
  readonly effects: readonly Effect[]
  by: Asked | undefined
}

export interface Replayed {
  readonly model: Model
  readonly txns: readonly PlacedTxn[]
  /** The zxid of each write that was found in the log, answered or not. */
  readonly zxidOf: ReadonlyMap<Asked, number>
}

export interface ReplayOptions {
  /** Which answers count; the outcome of the others is unknown. @default all */
  readonly trusts?: Trust
  /** Of all keepers. @default none */
  readonly loneStarts?: readonly LoneStart[]
}

export function replay(
  entries: readonly LogEntry[],
  history: History,
  findings: Findings,
  options: ReplayOptions = {},
): Replayed {
  return new Replay(history, findings, options).run(entries)
}

class Replay {
  readonly #findings: Findings
  readonly #model = new Model()
  readonly #txns: PlacedTxn[] = []
  readonly #answered = new Map<number, AskedWrite>()
  readonly #reads = new Map<number, Asked[]>()
  readonly #askers: Askers
  readonly #trusts: Trust
  readonly #ages: Ages
  readonly #placed = new Set<Asked>()
  /** When a session was resumed last, by the log, and at which keeper. */
  readonly #moved = new Map<bigint, { readonly atMs: number; readonly owner: string }>()
  /** Sessions that have ended in part, which format 2 does: what they left goes later. */
  readonly #inParts = new Set<bigint>()
  #failedUnknown = 0

  constructor(history: History, findings: Findings, options: ReplayOptions) {
    const { trusts = trustAll, loneStarts = [] } = options
    this.#findings = findings
    this.#trusts = trusts
    this.#ages = new Ages(loneStarts)
    this.#askers = new Askers(history, trusts)
    for (const asked of history.asked) {
      const { reply } = asked
      if (reply === undefined || !trusts(asked)) continue
      if (!isAskedWrite(asked)) {
        const list = this.#reads.get(reply.zxid)
        if (list === undefined) this.#reads.set(reply.zxid, [asked])
        else list.push(asked)
        continue
      }
      if (isOutOfSpace(asked)) continue
      const other = this.#answered.get(reply.zxid)
      if (other !== undefined) {
        findings.add('zxids unique', `${reply.zxid}: ${name(asked)} and ${name(other)}`)
      }
      this.#answered.set(reply.zxid, asked)
    }
  }

  run(entries: readonly LogEntry[]): Replayed {
    this.#readAt(0)
    this.#askers.foretell(entries, (zxid) => this.#answered.has(zxid))
    let seq = 0
    for (const { batch, atMs } of entries) {
      if (batch.seq !== seq + 1) {
        this.#findings.add('one history', `batch ${batch.seq} behind batch ${seq}`)
      }
      seq = batch.seq
      const isNamed = batch.format >= JOURNAL_FORMAT
      for (const { zxid, ops, session, cxid, time } of batch.txns) {
        const effects = ops.map(effectOf)
        this.#txn({ zxid, atMs, session, cxid, isNamed, by: batch.proxy }, effects)
        this.#ages.apply(effects, { atMs, mtime: time })
      }
    }
    for (const asked of this.#answered.values()) {
      this.#findings.add('acknowledged writes present', `${name(asked)} is not in the log`)
    }
    for (const [zxid, [asked]] of this.#reads) {
      this.#findings.add('reads show committed states', `${zxid}: ${name(asked as Asked)}`)
    }
    for (const id of this.#inParts) {
      const { paths } = this.#model.close(id)
      if (paths.length > 0) this.#halfClosed(id, `still owns ${paths.join(' ')} at the end`)
    }
    const { unknownCount, zxidOf } = this.#askers
    if (this.#failedUnknown > unknownCount) {
      const counts = `${this.#failedUnknown} of ${unknownCount}`
      this.#findings.add('refused ones absent', `failed writes of nobody in the log: ${counts}`)
    }
    return { model: this.#model, txns: this.#txns, zxidOf }
  }

  #txn(origin: Origin, logged: readonly Effect[]): void {
    const { zxid, atMs } = origin
    // What the log does not name is what the session has by then.
    const effects = logged.map((one) => (one.type === 'end' ? this.#model.end(one.id) : one))
    const [first] = effects
    if (first?.type === 'move') {
      this.#moved.set(first.id, { atMs, owner: first.owner })
      if (this.#inParts.has(first.id)) this.#halfClosed(first.id, 'was resumed')
      this.#txns.push({ zxid, atMs, effects, by: undefined })
      return
    }
    const before = this.#model.zxid
    const isEpoch = beginsEpoch(origin, effects, before)
    if (zxid !== before + 1 && !isEpoch) {
      this.#findings.add('one history', `zxid ${zxid} behind zxid ${before}`)
    }
    const by = this.#askerOf(origin, effects)
    this.#txns.push({ zxid, atMs, effects, by })
    if (isEpoch) this.#model.apply([], zxid, atMs)
    else if (by === undefined) this.#withoutAsker(origin, effects)
    else if (this.#hasLostSession(by)) this.#fenced(by, origin, effects)
    else {
      if (this.#placed.has(by)) this.#findings.add('no write is applied twice', name(by))
      this.#placed.add(by)
      this.#askers.zxidOf.set(by, zxid)
      this.#asked(by, zxid, atMs, effects)
    }
    this.#readAt(zxid)
  }

  #askerOf(origin: Origin, effects: readonly Effect[]): AskedWrite | undefined {
    const { zxid, cxid } = origin
    const answered = this.#answered.get(zxid)
    this.#answered.delete(zxid)
    if (!origin.isNamed) return answered ?? this.#askers.unnamed(effects, origin, this.#model)
    const named = cxid === 0 ? undefined : this.#askers.named(origin)
    if (named === undefined && cxid !== 0) {
      const session = sessionName(origin.session)
      const what = `${zxid}: ${show(effects)} of session ${session}, request ${cxid}`
      this.#findings.add('nothing that nobody asked for', what)
    }
    if (answered !== undefined && answered !== named) {
      const who = named === undefined ? 'nobody' : name(named)
      this.#findings.add('the log names who asked', `${who}, not ${name(answered)}`)
    }
    return named ?? answered
  }

  /** The session was resumed on another connection, be it on one that the client had given up by then. */
  #hasLostSession({ session, connection }: AskedWrite): boolean {
    const moved = this.#moved.get(session.id)
    if (moved === undefined) return false
    return moved.atMs > connection.greetedMs || moved.owner !== connection.keeper
  }

  #fenced(by: AskedWrite, { zxid, atMs }: Origin, effects: readonly Effect[]): void {
    if (effects.length > 0) {
      const what = `${zxid}: ${show(effects)} of ${name(by)}`
      this.#findings.add('a connection that lost its session writes nothing', what)
    }
    this.#askers.zxidOf.delete(by)
    this.#model.apply(effects, zxid, atMs)
  }

  /** A request of a client: as the model says, and in the log as the model says. */
  #asked(by: AskedWrite, zxid: number, atMs: number, effects: readonly Effect[]): void {
    const { id } = by.session
    // Its session has ended with an earlier part, and it is answered with the last one.
    const isRest = by.request.type === 'close' && this.#inParts.has(id)
    const planned = isRest
      ? { err: 0, answers: [{ err: 0 }], effects: [this.#model.close(id)] }
      : this.#model.plan(by.request, id)
    const [is, should] = [show(effects), show(planned.effects)]
    if (is !== should) {
      this.#findings.add('writes as the model has them', `${name(by)}: "${is}", not "${should}"`)
    }
    this.#model.apply(effects, zxid, by.callMs)
    const { reply } = by
    if (reply === undefined || !this.#trusts(by)) return
    if (isOutOfSpace(by)) {
      this.#findings.add('refused ones absent', `${zxid}: "${is}" of ${name(by)}`)
      return
    }
    if (reply.zxid !== zxid) {
      this.#findings.add('acknowledged writes present', `${name(by)} is at zxid ${zxid}`)
      return
    }
    if (reply.atMs < atMs) {
      const ms = `${reply.atMs.toFixed(1)} before ${atMs.toFixed(1)}`
      this.#findings.add('acknowledged after the commit', `${name(by)}: ${ms}`)
    }
    const problem = writeProblem(this.#model, planned, reply)
    if (problem !== undefined) {
      this.#findings.add('writes as the model has them', `${name(by)}: ${problem}`)
    }
  }

  /** Not a client's: a session's life, the reaper, or a failed write whose answer was lost. */
  #withoutAsker({ zxid, atMs, isNamed, by }: Origin, effects: readonly Effect[]): void {
    const [first] = effects
    if (first === undefined) this.#failedUnknown++
    else if (first.type === 'close') {
      const should = this.#model.plan({ type: 'close' }, first.id).effects
      if (this.#isPart(first, isNamed)) this.#inParts.add(first.id)
      else if (show(should) !== show(effects)) {
        const what = `${show(effects)}, not ${show(should)}`
        this.#findings.add('ephemerals end with their session', what)
      }
    } else if (first.type === 'delete') {
      const node = this.#model.nodes.get(first.path)
      if (node === undefined || node.ttlMs === 0) {
        this.#findings.add('nothing that nobody asked for', `${zxid}: ${show(effects)}`)
      } else this.#ofAge(first.path, node, by, atMs)
    } else if (first.type !== 'open') {
      this.#findings.add('nothing that nobody asked for', `${zxid}: ${show(effects)}`)
    }
    this.#model.apply(effects, zxid, atMs)
  }

  #ofAge(path: string, { ttlMs, touchedMs }: ModelNode, by: string, atMs: number): void {
    const ageMs = atMs - touchedMs
    if (ageMs >= ttlMs) return
    const takenMs = this.#ages.byWallClock(path, by, atMs)
    if (takenMs !== undefined && takenMs >= ttlMs) return
    const what = `${path} with a TTL of ${ttlMs} ms after ${Math.round(ageMs)} ms`
    this.#findings.add('no TTL ends early', what)
  }

  /** In format 2 it may have left something; what it left goes in any format. */
  #isPart({ id, paths }: Effect & { type: 'close' }, isNamed: boolean): boolean {
    const owned = new Set(this.#model.close(id).paths)
    if (!paths.every((path) => owned.has(path))) return false
    if (this.#inParts.has(id)) return owned.size > 0 && (!isNamed || paths.length === owned.size)
    return !isNamed && this.#model.sessions.has(id) && paths.length > 0 && paths.length < owned.size
  }

  #halfClosed(id: bigint, how: string): void {
    const what = `session ${sessionName(id)} has ended in part, and ${how}`
    this.#findings.add('ephemerals end with their session', what)
  }

  #readAt(zxid: number): void {
    const reads = this.#reads.get(zxid)
    if (reads === undefined) return
    this.#reads.delete(zxid)
    for (const read of reads) {
      const problem = readProblem(this.#model, read)
      if (problem !== undefined) {
        this.#findings.add('reads show the state of their zxid', `${name(read)}: ${problem}`)
      }
    }
  }
}

/** Entries before format 3 do not say so: there a zxid of another epoch does. */
function beginsEpoch(
  { zxid, isNamed }: Origin,
  effects: readonly Effect[],
  before: number,
): boolean {
  if (zxid <= before) return false
  if (isNamed) return effects[0]?.type === 'epoch'
  return effects.length === 0 && epochOf(zxid) > epochOf(before)
}

/** For people. */
export function name({ client, session, xid, request, reply, callMs }: Asked): string {
  const what = JSON.stringify(request)
  const at = `${callMs.toFixed(1)} ms, session ${sessionName(session.id)}`
  return `${client} xid ${xid} ${what} (${at}, zxid ${reply?.zxid ?? 'unknown'})`
}
