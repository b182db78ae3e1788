/**
 * The store's log, replayed in zxid order on the model, with every answered request in its place: each
 * write must have had exactly the effects and the answer that the model gives it there, and each read
 * must show exactly the state that its zxid names. What nobody asked for must not be in the log.
 */
import { sessionName } from '../../../lib/index.ts'
import { type Asked, type AskedWrite, type History, isAskedWrite } from '../client/history.ts'
import { isWrite, type WriteRequest } from '../client/requests.ts'
import type { LogEntry } from '../store/store-log.ts'
import { readProblem, writeProblem } from './answers.ts'
import { type Effect, effectOf, show } from './effects.ts'
import type { Findings } from './findings.ts'
import { Model } from './model.ts'

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

export function replay(
  entries: readonly LogEntry[],
  history: History,
  findings: Findings,
): Replayed {
  return new Replay(history, findings).run(entries)
}

class Replay {
  readonly #findings: Findings
  readonly #model = new Model()
  readonly #txns: PlacedTxn[] = []
  readonly #zxidOf = new Map<Asked, number>()
  readonly #answered = new Map<number, AskedWrite>()
  readonly #reads = new Map<number, Asked[]>()
  /** Writes of unknown outcome: by the data they carry, and those that carry none. */
  readonly #byData = new Map<string, AskedWrite>()
  readonly #withoutData: AskedWrite[] = []
  #failedUnknown = 0
  #unknownCount = 0

  constructor(history: History, findings: Findings) {
    this.#findings = findings
    for (const asked of history.asked) {
      const { reply } = asked
      if (!isAskedWrite(asked)) {
        if (reply === undefined) continue
        const list = this.#reads.get(reply.zxid)
        if (list === undefined) this.#reads.set(reply.zxid, [asked])
        else list.push(asked)
      } else if (reply === undefined) this.#addUnknown(asked)
      else {
        const other = this.#answered.get(reply.zxid)
        if (other !== undefined) {
          findings.add('zxids unique', `${reply.zxid}: ${name(asked)} and ${name(other)}`)
        }
        this.#answered.set(reply.zxid, asked)
      }
    }
  }

  run(entries: readonly LogEntry[]): Replayed {
    this.#readAt(0)
    this.#foretell(entries)
    let seq = 0
    for (const { batch, atMs } of entries) {
      if (batch.seq !== seq + 1) {
        this.#findings.add('one history', `batch ${batch.seq} behind batch ${seq}`)
      }
      seq = batch.seq
      for (const { zxid, ops } of batch.txns) this.#txn(zxid, atMs, ops.map(effectOf))
    }
    for (const asked of this.#answered.values()) {
      this.#findings.add('acknowledged writes present', `${name(asked)} is not in the log`)
    }
    for (const [zxid, [asked]] of this.#reads) {
      this.#findings.add('reads show committed states', `${zxid}: ${name(asked as Asked)}`)
    }
    if (this.#failedUnknown > this.#unknownCount) {
      const counts = `${this.#failedUnknown} of ${this.#unknownCount}`
      this.#findings.add('refused ones absent', `failed writes of nobody in the log: ${counts}`)
    }
    return { model: this.#model, txns: this.#txns, zxidOf: this.#zxidOf }
  }

  /** Data tells whose a transaction is, wherever it lies: so the order of a session is known ahead. */
  #foretell(entries: readonly LogEntry[]): void {
    for (const { batch } of entries) {
      for (const { zxid, ops } of batch.txns) {
        if (this.#answered.has(zxid)) continue
        for (const op of ops) {
          const data = op.type === 'create' || op.type === 'setData' ? op.data : undefined
          const asked = this.#byData.get(data ?? '')
          if (asked !== undefined && !this.#zxidOf.has(asked)) this.#zxidOf.set(asked, zxid)
        }
      }
    }
  }

  #addUnknown(asked: AskedWrite): void {
    this.#unknownCount++
    const datas = dataOf(asked.request)
    for (const data of datas) this.#byData.set(data, asked)
    if (datas.length === 0) this.#withoutData.push(asked)
  }

  #txn(zxid: number, atMs: number, effects: readonly Effect[]): void {
    const [first] = effects
    if (first?.type === 'move') {
      this.#txns.push({ zxid, atMs, effects, by: undefined })
      return
    }
    const before = this.#model.zxid
    const isNext = zxid === before + 1 || (zxid > before && first?.type === 'epoch')
    if (!isNext) this.#findings.add('one history', `zxid ${zxid} behind zxid ${before}`)
    const answered = this.#answered.get(zxid)
    this.#answered.delete(zxid)
    const by = answered ?? this.#unknownBehind(effects, zxid, atMs)
    this.#txns.push({ zxid, atMs, effects, by })
    if (first?.type === 'epoch') this.#model.apply([], zxid, atMs)
    else if (by === undefined) this.#withoutAsker(zxid, atMs, effects)
    else {
      this.#zxidOf.set(by, zxid)
      this.#asked(by, zxid, atMs, effects)
    }
    this.#readAt(zxid)
  }

  /** A request of a client: as the model says, and in the log as the model says. */
  #asked(by: AskedWrite, zxid: number, atMs: number, effects: readonly Effect[]): void {
    const planned = this.#model.plan(by.request, by.session.id)
    const [is, should] = [show(effects), show(planned.effects)]
    if (is !== should) {
      this.#findings.add('writes as the model has them', `${name(by)}: "${is}", not "${should}"`)
    }
    this.#model.apply(effects, zxid, by.callMs)
    const { reply } = by
    if (reply === undefined) return
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
  #withoutAsker(zxid: number, atMs: number, effects: readonly Effect[]): void {
    const [first] = effects
    if (first === undefined) this.#failedUnknown++
    else if (first.type === 'close') {
      const should = this.#model.plan({ type: 'close' }, first.id).effects
      if (show(should) !== show(effects)) {
        const what = `${show(effects)}, not ${show(should)}`
        this.#findings.add('ephemerals end with their session', what)
      }
    } else if (first.type === 'delete') {
      const node = this.#model.nodes.get(first.path)
      if (node === undefined || node.ttlMs === 0) {
        this.#findings.add('nothing that nobody asked for', `${zxid}: ${show(effects)}`)
      } else if (atMs < node.touchedMs + node.ttlMs) {
        const ageMs = Math.round(atMs - node.touchedMs)
        const what = `${first.path} with a TTL of ${node.ttlMs} ms after ${ageMs} ms`
        this.#findings.add('no TTL ends early', what)
      }
    } else if (first.type !== 'open') {
      this.#findings.add('nothing that nobody asked for', `${zxid}: ${show(effects)}`)
    }
    this.#model.apply(effects, zxid, atMs)
  }

  /** The request without an answer that this can only be. */
  #unknownBehind(effects: readonly Effect[], zxid: number, atMs: number): AskedWrite | undefined {
    for (const effect of effects) {
      if (effect.type !== 'create' && effect.type !== 'set') continue
      const asked = this.#byData.get(effect.data)
      if (asked !== undefined) this.#byData.delete(effect.data)
      return asked
    }
    const [first] = effects
    if (first?.type !== 'delete' && first?.type !== 'close') return undefined
    const is = show(effects)
    const fitting = this.#withoutData.filter(
      ({ request, session, callMs }) =>
        callMs <= atMs && show(this.#model.plan(request, session.id).effects) === is,
    )
    // Several clients may have asked for the same: the one whose turn it can have been.
    const asked = fitting.find((one) => this.#isInTurn(one, zxid))
    if (asked !== undefined) this.#withoutData.splice(this.#withoutData.indexOf(asked), 1)
    return asked
  }

  /** Do the answers of its session leave room for it there? */
  #isInTurn(asked: Asked, zxid: number): boolean {
    let isBehind = false
    for (const connection of asked.session.connections) {
      for (const other of connection.asked) {
        if (other === asked) isBehind = true
        const otherZxid =
          this.#zxidOf.get(other) ?? (isWrite(other.request) ? other.reply?.zxid : 0)
        if (otherZxid === undefined || otherZxid === 0 || other === asked) continue
        if (isBehind ? otherZxid < zxid : otherZxid > zxid) return false
      }
    }
    return true
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

function dataOf(request: WriteRequest): string[] {
  if (request.type === 'multi') return request.ops.flatMap((op) => dataOf(op as WriteRequest))
  return request.type === 'create' || request.type === 'set' ? [request.data] : []
}

/** For people. */
export function name({ client, session, xid, request, reply, callMs }: Asked): string {
  const what = JSON.stringify(request)
  const at = `${callMs.toFixed(1)} ms, session ${sessionName(session.id)}`
  return `${client} xid ${xid} ${what} (${at}, zxid ${reply?.zxid ?? 'unknown'})`
}
