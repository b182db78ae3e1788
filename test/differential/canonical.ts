/**
 * What of a transcript is free by ZooKeeper's contract, and nothing else, is taken out of it here;
 * the rest must be equal on both sides.
 *
 * - zxids: their distance from the zxid the script began with. One zxid per write, also a failed one,
 *   per session's begin and end (Z1), so distances are equal, which is more than their order. A
 *   read's header zxid is as fixed as a write's, because the runner lets one session act at a time.
 * - times: only that they belong to their zxid (equal zxids have equal times, later ones not earlier
 *   times, and all lie within the script's run). Whether two transactions share a ms is free.
 * - session ids: the session's name.
 * - lists of children and of ephemerals: sorted (S8).
 * - a connection's ids (whoAmI, and what ACL id `auth` becomes): sorted, ZooKeeper has a set of them.
 * - events of a session's end: sorted, its ephemerals go in no given order (E1).
 * - znodes that every server has ('/', '/zookeeper', …): counters from what the script found, and
 *   zxids from before the script are one 'old'.
 */
import type { RawEntry, RawReply } from '../support/raw-client.ts'
import type { RawAcl, RawMultiResult, RawRecord, RawStat } from '../support/raw-codec.ts'
import type { Line, Run } from './runner.ts'
import type { ScriptRequest } from './script.ts'

/** Comparable by deep equality; one list per session. */
export type Canonical = Record<string, unknown[]>

/** Clocks of this process and of a server on the same machine. */
const CLOCK_SLACK_MS = 2_000

/** `eventZxids`: events carry the zxid of their change, as since 3.9; else theirs is left out. */
export function canonical(run: Run, { eventZxids }: { eventZxids: boolean }): Canonical {
  const times = new Times(run)
  const out: Canonical = {}
  const c = new Canonicalizer(run, times, eventZxids)
  for (const [name, lines] of run.lines) out[name] = sortUnordered(lines).map((l) => c.line(l))
  const problems = times.problems()
  if (problems.length > 0) out['times that cannot be'] = problems
  return out
}

class Canonicalizer {
  readonly #run: Run
  readonly #times: Times
  readonly #eventZxids: boolean

  constructor(run: Run, times: Times, eventZxids: boolean) {
    this.#run = run
    this.#times = times
    this.#eventZxids = eventZxids
  }

  line(line: Line): unknown {
    if (line.kind !== 'entry') return line
    const { entry, request } = line
    if (entry.kind === 'closed') return 'closed'
    if (entry.kind === 'event') {
      const { type, state, path, zxid } = entry
      return { event: type, path, state, ...(this.#eventZxids && { zxid: this.#zxid(zxid) }) }
    }
    return { reply: request ?? null, ...this.#reply(entry, request) }
  }

  #reply({ xid, zxid, err, record }: RawReply, request: ScriptRequest | undefined): object {
    const path = request !== undefined && 'path' in request ? request.path : null
    const ops = request !== undefined && 'ops' in request ? request.ops : []
    const results = record.results?.map((result: RawMultiResult, index) => {
      const { type, err: code } = result
      return { type, err: code, ...this.#record(result.record, ops[index]?.path ?? null) }
    })
    const fields = this.#record(record, path)
    return { xid, zxid: this.#zxid(zxid), err, ...fields, ...(results && { results }) }
  }

  #record(record: RawRecord, path: string | null): object {
    const out: Record<string, unknown> = { ...record }
    delete out.results
    if (record.data) out.data = showBytes(record.data)
    if (record.rest) out.rest = showBytes(record.rest)
    if (record.children) out.children = [...record.children].sort()
    if (record.paths) out.paths = [...record.paths].sort()
    if (record.acl) out.acl = sortSamePerms(record.acl)
    if (record.ids) out.ids = [...record.ids].sort((a, b) => (show(a) < show(b) ? -1 : 1))
    if (record.stat) out.stat = this.#stat(record.stat, path)
    return out
  }

  #stat(stat: RawStat, path: string | null): object {
    const { ephemeralOwner: owner, ctime, mtime, ...rest } = stat
    const ephemeralOwner = owner === 0n ? 0 : (this.#run.names.get(owner) ?? `0x${owner}`)
    if (stat.czxid === 0) return this.#reserved(stat, path)
    this.#times.seen(stat.czxid, ctime)
    this.#times.seen(stat.mzxid, mtime)
    const { czxid, mzxid, pzxid } = stat
    return {
      ...rest,
      ephemeralOwner,
      czxid: this.#zxid(czxid),
      mzxid: this.#zxid(mzxid),
      pzxid: this.#zxid(pzxid),
    }
  }

  #reserved(stat: RawStat, path: string | null): object {
    const found = this.#run.reserved.get(path || '/')
    const { czxid, ctime, ephemeralOwner, dataLength, numChildren } = stat
    const since = (zxid: number): number | 'old' =>
      zxid <= this.#run.zxidStart ? 'old' : this.#zxid(zxid)
    return {
      czxid,
      ctime,
      ephemeralOwner: Number(ephemeralOwner),
      dataLength,
      numChildren,
      mzxid: since(stat.mzxid),
      pzxid: since(stat.pzxid),
      version: stat.version - (found?.version ?? 0),
      cversion: stat.cversion - (found?.cversion ?? 0),
      aversion: stat.aversion - (found?.aversion ?? 0),
    }
  }

  /** −1 and 0 mean themselves: headers of refusals and of auth. */
  #zxid(zxid: number): number {
    return zxid <= 0 ? zxid - 1_000 : zxid - this.#run.zxidStart
  }
}

/** Which time each zxid has. */
class Times {
  readonly #run: Run
  readonly #byZxid = new Map<number, Set<number>>()

  constructor(run: Run) {
    this.#run = run
  }

  seen(zxid: number, time: number): void {
    const times = this.#byZxid.get(zxid)
    if (times === undefined) this.#byZxid.set(zxid, new Set([time]))
    else times.add(time)
  }

  problems(): string[] {
    const { startedMs, zxidStart } = this.#run
    const problems: string[] = []
    let before = startedMs - CLOCK_SLACK_MS
    for (const [zxid, times] of [...this.#byZxid].sort(([a], [b]) => a - b)) {
      const at = `zxid ${zxid - zxidStart}`
      const [time = 0] = times
      if (times.size > 1) problems.push(`${at} has several times`)
      if (zxid < zxidStart) continue
      if (time < before) problems.push(`${at} is earlier than the one before it`)
      if (time > Date.now() + CLOCK_SLACK_MS) problems.push(`${at} is in the future`)
      before = time
    }
    return problems
  }
}

const isEvent = (line: Line | undefined): boolean =>
  line?.kind === 'entry' && line.entry.kind === 'event'

/** Runs of events that a session's end caused, in one order. */
function sortUnordered(lines: readonly Line[]): Line[] {
  const out: Line[] = []
  let run: Line[] = []
  const flush = (next: Line | undefined): void => {
    const closing = next?.kind === 'entry' && next.request?.op === -11
    if (closing || run.some((l) => l.kind === 'entry' && l.unordered)) run.sort(byEvent)
    out.push(...run)
    run = []
  }
  for (const line of lines) {
    if (isEvent(line)) {
      run.push(line)
      continue
    }
    flush(line)
    out.push(line)
  }
  flush(undefined)
  return out
}

const keyOf = (line: Line): string => {
  const entry: RawEntry | undefined = line.kind === 'entry' ? line.entry : undefined
  return entry?.kind === 'event' ? `${entry.path} ${entry.type}` : ''
}
const byEvent = (a: Line, b: Line): number => (keyOf(a) < keyOf(b) ? -1 : 1)

const show = (value: unknown): string => JSON.stringify(value)

/** Entries that may stem from one of `auth`: neighbours with equal perms. */
function sortSamePerms(acl: readonly RawAcl[]): RawAcl[] {
  const out: RawAcl[] = []
  for (let start = 0; start < acl.length; ) {
    let end = start
    while (acl[end]?.perms === acl[start]?.perms) end++
    out.push(...acl.slice(start, end).sort((a, b) => (show(a) < show(b) ? -1 : 1)))
    start = end
  }
  return out
}

const showBytes = (bytes: Buffer): string =>
  /^[\x20-\x7e]*$/.test(bytes.toString('latin1')) ? bytes.toString() : `0x${bytes.toString('hex')}`
