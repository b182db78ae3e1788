/**
 * The fields in which two replies to one request differ. ZooKeeper's contract leaves these free:
 * zxids and session ids as numbers (they must map one to one), times (but the ctime and mtime of a
 * znode that was never written to are equal), the order of children and of a session's ids, the
 * addresses in ids of scheme ip. Neighbours: reply-comparison, zxid-map, sessions.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Acl, AuthId, MultiResult, Result, Stat } from '../../lib/internal.ts'
import type { ConnectResponse } from '../../lib/protocol/record/connect-response.ts'
import type { Reply } from '../../lib/protocol/wire/decode-reply.ts'
import type { ZxidPair } from './zxid-map.ts'

export interface FieldDifference {
  /** e.g. `stat.version`, `results[1].path`. */
  readonly field: string
  readonly candidate: unknown
  readonly oracle: unknown
  readonly why?: string
}

/** Two numbers that must mean the same. Each returns why they do not, or undefined. */
export interface Mappings {
  zxid(pair: ZxidPair): string | undefined
  owner(pair: { candidate: bigint; oracle: bigint }): string | undefined
}

/** All fields but the header's zxid, whose rule depends on the request. */
export function compareReplies(
  candidate: Reply,
  oracle: Reply,
  mappings: Mappings,
): FieldDifference[] {
  const walk = new Walk(mappings)
  walk.equal('xid', candidate.xid, oracle.xid)
  walk.equal('err', candidate.errno, oracle.errno)
  walk.equal('extraBytes', candidate.extraBytes, oracle.extraBytes)
  if (candidate.result !== undefined && oracle.result !== undefined) {
    walk.result(candidate.result, oracle.result)
  }
  return walk.found
}

/** Password and session id are each server's own; the granted timeout must be equal. */
export function compareGreetings(
  candidate: ConnectResponse,
  oracle: ConnectResponse,
): FieldDifference[] {
  const found: FieldDifference[] = []
  const fields = ['timeoutMs', 'readOnly', 'hasReadOnly'] as const
  for (const field of fields) {
    if (candidate[field] === oracle[field]) continue
    found.push({ field, candidate: candidate[field], oracle: oracle[field] })
  }
  return found
}

class Walk {
  readonly found: FieldDifference[] = []
  readonly #mappings: Mappings

  constructor(mappings: Mappings) {
    this.#mappings = mappings
  }

  equal(field: string, candidate: unknown, oracle: unknown): void {
    if (!isDeepStrictEqual(candidate, oracle)) this.found.push({ field, candidate, oracle })
  }

  result(candidate: Result, oracle: Result): void {
    this.equal('record', candidate.type, oracle.type)
    if (candidate.type !== oracle.type) return
    if (candidate.type === 'multi' && oracle.type === 'multi') {
      this.#multi(candidate.results, oracle.results)
    } else {
      this.#fields('', candidate, oracle)
    }
  }

  #multi(candidate: readonly MultiResult[], oracle: readonly MultiResult[]): void {
    this.equal('results.length', candidate.length, oracle.length)
    for (let i = 0; i < Math.min(candidate.length, oracle.length); i++) {
      const at = `results[${i}]`
      this.equal(`${at}.type`, candidate[i]!.type, oracle[i]!.type)
      if (candidate[i]!.type === oracle[i]!.type) {
        this.#fields(`${at}.`, candidate[i]!, oracle[i]!)
      }
    }
  }

  /** Every field of a record by its name: a name has one meaning in all records. */
  #fields(at: string, candidate: object, oracle: object): void {
    for (const [name, ours] of Object.entries(candidate)) {
      const theirs = (oracle as Record<string, unknown>)[name]
      switch (name) {
        case 'stat':
          this.#stat(`${at}stat`, ours as Stat, theirs as Stat)
          break
        case 'children':
        case 'paths':
          this.equal(at + name, [...(ours as string[])].sort(), [...(theirs as string[])].sort())
          break
        case 'acl':
          this.equal(at + name, sortSamePerms(ours as Acl[]), sortSamePerms(theirs as Acl[]))
          break
        case 'ids':
          this.equal(at + name, sortIds(ours as AuthId[]), sortIds(theirs as AuthId[]))
          break
        default:
          this.equal(at + name, ours, theirs)
      }
    }
  }

  #stat(at: string, candidate: Stat, oracle: Stat): void {
    for (const field of ['version', 'cversion', 'aversion', 'dataLength', 'numChildren'] as const) {
      this.equal(`${at}.${field}`, candidate[field], oracle[field])
    }
    for (const field of ['czxid', 'mzxid', 'pzxid'] as const) {
      const pair = { candidate: candidate[field], oracle: oracle[field] }
      this.#mapped(`${at}.${field}`, pair, this.#mappings.zxid(pair))
    }
    const owners = { candidate: candidate.ephemeralOwner, oracle: oracle.ephemeralOwner }
    this.#mapped(`${at}.ephemeralOwner`, owners, this.#mappings.owner(owners))
    this.equal(`${at}.mtime`, timesOf(candidate), timesOf(oracle))
  }

  #mapped(field: string, pair: { candidate: unknown; oracle: unknown }, why?: string): void {
    if (why !== undefined) this.found.push({ field, ...pair, why })
  }
}

/** One transaction has one time. Two transactions may share a time by chance. */
function timesOf({ czxid, mzxid, ctime, mtime }: Stat): string {
  return czxid !== mzxid || ctime === mtime ? 'as allowed' : 'not the ctime, although never changed'
}

/** Adjacent entries of equal perms may come from one entry of scheme `auth`, whose ids are a set. */
function sortSamePerms(acl: readonly Acl[]): Acl[] {
  const out: Acl[] = []
  for (let start = 0; start < acl.length; ) {
    let end = start
    while (acl[end]?.perms === acl[start]?.perms && end < acl.length) end++
    const run = acl.slice(start, end)
    out.push(...run.sort((a, b) => order(`${a.id.scheme}:${a.id.id}`, `${b.id.scheme}:${b.id.id}`)))
    start = end
  }
  return out
}

/** Each side sees another address of `compare`. */
function sortIds(ids: readonly AuthId[]): AuthId[] {
  return ids
    .map(({ scheme, id }) => ({ scheme, id: scheme === 'ip' ? 'address' : id }))
    .sort((a, b) => order(`${a.scheme}:${a.id}`, `${b.scheme}:${b.id}`))
}

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
