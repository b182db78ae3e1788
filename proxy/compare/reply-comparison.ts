/**
 * The two replies to one request, decoded and compared; the zxids of one client's replies must not go
 * back on either side. Neighbours: server-pair, compare-reply, zxid-map, reapable.
 */
import { WireError } from '../../lib/index.ts'
import { JuteReader } from '../../lib/protocol/jute/reader.ts'
import { decodeReply, type Reply } from '../../lib/protocol/wire/decode-reply.ts'
import { type Asked, shownAsked } from './asked.ts'
import { compareReplies, type FieldDifference } from './compare-reply.ts'
import type { Side } from './event-matcher.ts'
import type { CompareHost } from './host.ts'
import type { PlainDifference } from './report.ts'

export class ReplyComparison {
  readonly #host: CompareHost
  readonly #lastZxid: Record<Side, number> = { candidate: 0, oracle: 0 }

  constructor(host: CompareHost) {
    this.#host = host
  }

  /** undefined: they are equal. */
  compare(asked: Asked, ours: Buffer, theirs: Buffer): PlainDifference | undefined {
    const [candidate, oracle] = [decodeBody(asked.op, ours), decodeBody(asked.op, theirs)]
    let fields: FieldDifference[]
    if (typeof candidate === 'string' || typeof oracle === 'string') {
      fields = [{ field: 'record', candidate, oracle }]
    } else {
      fields = this.#headerZxids(asked, candidate, oracle)
      fields.push(
        ...compareReplies(candidate, oracle, {
          zxid: (pair) => this.#host.zxids.check(pair),
          owner: (pair) => this.#host.sessions.checkOwner(pair),
        }),
      )
      if (asked.request !== undefined) this.#host.reapable.learn(asked.request, candidate)
    }
    if (fields.length === 0) return undefined
    const isReaping =
      asked.request !== undefined && this.#host.reapable.explain(asked.request, fields)
    return {
      kind: 'reply',
      request: shownAsked(asked),
      fields,
      candidate,
      oracle,
      ...(isReaping
        ? { suspect: 'one side may have removed a container or TTL znode already' }
        : {}),
    }
  }

  /** A write's zxid is that of its transaction; a read's must only not go back. */
  #headerZxids(asked: Asked, ours: Reply, theirs: Reply): FieldDifference[] {
    const { zxids } = this.#host
    const pair = { candidate: ours.zxid, oracle: theirs.zxid }
    const why: (string | undefined)[] = []
    if (asked.isWrite) why.push(zxids.learnWrite(pair))
    else if (pair.candidate <= 0 || pair.oracle <= 0) why.push(zxids.check(pair))
    for (const side of ['candidate', 'oracle'] as const) {
      if (pair[side] <= 0) continue
      if (pair[side] < this.#lastZxid[side]) why.push(`went back on the ${side}`)
      this.#lastZxid[side] = pair[side]
    }
    zxids.learnSeen(pair)
    return why.flatMap((text) =>
      text === undefined ? [] : [{ field: 'zxid', ...pair, why: text }],
    )
  }
}

/** A string says why the reply is unreadable. */
export function decodeBody(op: number, body: Buffer): Reply | string {
  try {
    return decodeReply(op, JuteReader.of(body))
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    return `unreadable: ${error.message}: ${body.toString('hex', 0, 200)}`
  }
}
