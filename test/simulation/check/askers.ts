/**
 * Whose is a transaction? The log says it from journal format 3 on: the session and the number of the
 * request. Older entries do not: there an answer's zxid says it, or the data that it carries, or, where it
 * carries none, what else it did. Neighbour: replay.
 */
import {
  type Asked,
  type AskedWrite,
  type History,
  isAskedWrite,
  isOutOfSpace,
} from '../client/history.ts'
import { isWrite, type WriteRequest } from '../client/requests.ts'
import type { LogEntry } from '../store/store-log.ts'
import { type Effect, show } from './effects.ts'
import type { Model } from './model.ts'
import type { Trust } from './trust.ts'

/** What the log says of a transaction's origin. */
export interface Origin {
  readonly zxid: number
  readonly atMs: number
  readonly session: bigint
  /** 0: no client's. */
  readonly cxid: number
  /** Its format says the two. */
  readonly isNamed: boolean
  /** Who committed it: the keeper's id. */
  readonly by: string
}

export class Askers {
  /** The zxid of each write that was found in the log, answered or not. */
  readonly zxidOf = new Map<Asked, number>()
  readonly #trusts: Trust
  readonly #byName = new Map<string, AskedWrite>()
  /** Writes of unknown outcome: by the data they carry, and those that carry none. */
  readonly #byData = new Map<string, AskedWrite>()
  readonly #withoutData: AskedWrite[] = []
  unknownCount = 0

  constructor(history: History, trusts: Trust) {
    this.#trusts = trusts
    for (const asked of history.asked) {
      if (!isAskedWrite(asked)) continue
      this.#byName.set(nameOf(asked.session.id, asked.xid), asked)
      const isKnown = asked.reply !== undefined && trusts(asked)
      // Refused by a full store: where the log has it all the same, it is found out.
      if (isKnown && !isOutOfSpace(asked)) continue
      if (!isKnown) this.unknownCount++
      const datas = dataOf(asked.request)
      for (const data of datas) this.#byData.set(data, asked)
      if (datas.length === 0 && !isKnown) this.#withoutData.push(asked)
    }
  }

  /** Names and data say whose a transaction is, wherever it lies: so the order of a session is known ahead. */
  foretell(entries: readonly LogEntry[], isAnswered: (zxid: number) => boolean): void {
    for (const { batch } of entries) {
      for (const { zxid, ops, session, cxid } of batch.txns) {
        const named = this.#byName.get(nameOf(session, cxid))
        if (named !== undefined) this.zxidOf.set(named, zxid)
        if (isAnswered(zxid) || cxid !== 0) continue
        for (const op of ops) {
          const data = op.type === 'create' || op.type === 'setData' ? op.data : undefined
          const asked = this.#byData.get(data ?? '')
          if (asked !== undefined && !this.zxidOf.has(asked)) this.zxidOf.set(asked, zxid)
        }
      }
    }
  }

  /** The request that the log names; undefined: it names none that was ever sent. */
  named({ session, cxid }: Origin): AskedWrite | undefined {
    return this.#byName.get(nameOf(session, cxid))
  }

  /** The request without an answer that this can only be, where the log names none. */
  unnamed(
    effects: readonly Effect[],
    { zxid, atMs }: Origin,
    model: Model,
  ): AskedWrite | undefined {
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
        callMs <= atMs && show(model.plan(request, session.id).effects) === is,
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
        const isPlaced = isWrite(other.request) && !isOutOfSpace(other)
        const answered = isPlaced && this.#trusts(other) ? other.reply?.zxid : 0
        const otherZxid = this.zxidOf.get(other) ?? answered
        if (otherZxid === undefined || otherZxid === 0 || other === asked) continue
        if (isBehind ? otherZxid < zxid : otherZxid > zxid) return false
      }
    }
    return true
  }
}

const nameOf = (session: bigint, xid: number): string => `${session}/${xid}`

function dataOf(request: WriteRequest): string[] {
  if (request.type === 'multi') return request.ops.flatMap((op) => dataOf(op as WriteRequest))
  return request.type === 'create' || request.type === 'set' ? [request.data] : []
}
