/**
 * Where 3.8.0 answers otherwise than 3.9.5 and anykeeper follows 3.9.5: against 3.8.0 such a pair of
 * replies counts as equal. Each has a row in docs/semantics.md. Neighbours: canonical, compare.
 */
import type { RawMultiOp } from '../support/raw-codec.ts'
import type { Canonical } from './canonical.ts'
import type { ScriptRequest } from './script.ts'

const NO_AUTH = -102
const MARSHALLING = -5
const CONTAINER = 4
const FLAGS_MAX = 6

interface Reply {
  reply: ScriptRequest | null
  err: number
  results?: { type: number; err: number; stat?: unknown }[]
}

/** Makes the replies equal that are known to differ; leaves all others as they are. */
export function alignWithOld(old: Canonical, candidate: Canonical): void {
  for (const [session, lines] of Object.entries(candidate)) {
    for (const [index, ours] of lines.entries()) {
      const theirs = old[session]?.[index]
      if (!isReply(ours) || !isReply(theirs) || ours.reply === null) continue
      const known = knownReply(ours.reply, ours, theirs)
      if (known !== undefined) lines[index] = old[session]![index] = known
    }
  }
}

function knownReply(request: ScriptRequest, ours: Reply, theirs: Reply): unknown {
  if (request.op === 3 && ours.err === NO_AUTH && theirs.err === 0) {
    return { known: 'exists of an unreadable znode', request }
  }
  if (request.op !== 14) return undefined
  const failed = theirs.results?.some(({ err }) => err !== 0)
  if (ours.err === MARSHALLING && failed && request.ops.some(hasUnusableFlags)) {
    return { known: 'unusable flags in a multi', request }
  }
  for (const [index, op] of request.ops.entries()) {
    const [mine, other] = [ours.results?.[index], theirs.results?.[index]]
    if ((op.op !== 15 && op.op !== 19) || mine?.type !== 15 || other?.type !== 1) continue
    mine.type = 1
    delete mine.stat
  }
  return undefined
}

function hasUnusableFlags(op: RawMultiOp): boolean {
  const flags = ('flags' in op && op.flags) || 0
  return flags < 0 || flags > FLAGS_MAX || (flags > CONTAINER && op.op !== 21)
}

function isReply(line: unknown): line is Reply {
  return typeof line === 'object' && line !== null && 'reply' in line
}
