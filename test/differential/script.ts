/**
 * A script: what several clients do, one step after the other, as plain data that can be printed,
 * shrunk and run on any server. `~` in a path stands for the script's own subtree.
 */
import type { RawAcl, RawMultiOp, RawOp, RawRequests, RawWatches } from '../support/raw-codec.ts'

/** 'seen': the highest zxid this session was told of. A number counts from the script's begin. */
type ScriptZxid = 'seen' | number
type ScriptWatches = Omit<RawWatches, 'relativeZxid'> & { relativeZxid: ScriptZxid }
type ScriptRecords = Omit<RawRequests, 101 | 105> & {
  101: ScriptWatches
  105: ScriptWatches & Pick<RawRequests[105], 'persistent' | 'persistentRecursive'>
}
export type ScriptRequest = { [K in RawOp]: { op: K } & ScriptRecords[K] }[RawOp]

export type Step =
  /**
   * One group of requests in one TCP segment; the next step begins when all are answered or the
   * connection is gone. Opens the session, or takes it up again, when it is not connected. A
   * closeSession stands last in its group; auth and sasl, which a server answers out of turn, first.
   */
  | { do: 'send'; session: string; requests: readonly ScriptRequest[] }
  /** The connection goes, the session stays. */
  | { do: 'drop'; session: string }
  /** Takes the session up: at the next endpoint if `elsewhere`; the old connection may still live. */
  | {
      do: 'resume'
      session: string
      elsewhere?: boolean
      /** Another password than the session's. Only without a living connection. */
      wrongPassword?: boolean
      /** The highest zxid the client claims to have seen; 'seen' unless given. */
      lastZxidSeen?: ScriptZxid
    }
  /** Every connected session is brought up to date, by sync. */
  | { do: 'barrier' }

export type Script = readonly Step[]

export const on = (session: string, ...requests: ScriptRequest[]): Step => ({
  do: 'send',
  session,
  requests,
})
export const drop = (session: string): Step => ({ do: 'drop', session })
export const resume = (
  session: string,
  more: Omit<Step & { do: 'resume' }, 'do' | 'session'> = {},
): Step => ({ do: 'resume', session, ...more })
export const close = (session: string): Step => on(session, { op: -11 })
export const barrier: Step = { do: 'barrier' }

type More<K extends RawOp> = Partial<Omit<RawRequests[K], 'path'>>
export const create = (path: string | null, more: More<1> = {}): ScriptRequest => ({
  op: 1,
  path,
  ...more,
})
export const create2 = (path: string | null, more: More<15> = {}): ScriptRequest => ({
  op: 15,
  path,
  ...more,
})
export const createContainer = (path: string, more: More<19> = {}): ScriptRequest => ({
  op: 19,
  path,
  ...more,
})
export const createTtl = (path: string, ttlMs: number, more: More<21> = {}): ScriptRequest => ({
  op: 21,
  path,
  ttlMs,
  ...more,
})
export const ephemeral = (path: string, more: More<1> = {}): ScriptRequest =>
  create(path, { flags: 1, ...more })
export const sequential = (path: string, more: More<1> = {}): ScriptRequest =>
  create(path, { flags: 2, ...more })
export const remove = (path: string | null, version = -1): ScriptRequest => ({
  op: 2,
  path,
  version,
})
export const exists = (path: string | null, watch = false): ScriptRequest => ({
  op: 3,
  path,
  watch,
})
export const getData = (path: string | null, watch = false): ScriptRequest => ({
  op: 4,
  path,
  watch,
})
export const setData = (
  path: string | null,
  data: string | null = '',
  version = -1,
): ScriptRequest => ({ op: 5, path, data, version })
export const getAcl = (path: string | null): ScriptRequest => ({ op: 6, path })
export const setAcl = (
  path: string | null,
  acl: readonly RawAcl[] | null,
  version = -1,
): ScriptRequest => ({ op: 7, path, acl, version })
export const getChildren = (path: string | null, watch = false): ScriptRequest => ({
  op: 8,
  path,
  watch,
})
export const getChildren2 = (path: string | null, watch = false): ScriptRequest => ({
  op: 12,
  path,
  watch,
})
export const sync = (path: string): ScriptRequest => ({ op: 9, path })
export const ping: ScriptRequest = { op: 11 }
export const whoAmI: ScriptRequest = { op: 107 }
export const multi = (...ops: RawMultiOp[]): ScriptRequest => ({ op: 14, ops })
export const multiRead = (...ops: RawMultiOp[]): ScriptRequest => ({ op: 22, ops })
export const auth = (scheme: string | null, text: string | null): ScriptRequest => ({
  op: 100,
  scheme,
  auth: text,
})
export const addWatch = (path: string, mode = 0): ScriptRequest => ({ op: 106, path, mode })
export const removeWatches = (path: string, watcherType = 3): ScriptRequest => ({
  op: 18,
  path,
  watcherType,
})
export const checkWatches = (path: string, watcherType = 3): ScriptRequest => ({
  op: 17,
  path,
  watcherType,
})
export const getEphemerals = (prefixPath: string | null = null): ScriptRequest => ({
  op: 103,
  prefixPath,
})
export const countAll = (path: string): ScriptRequest => ({ op: 104, path })
export const setWatches = (
  relativeZxid: ScriptZxid,
  more: Omit<RawWatches, 'relativeZxid'>,
): ScriptRequest => ({ op: 101, relativeZxid, ...more })
export const setWatches2 = (
  relativeZxid: ScriptZxid,
  more: Omit<RawRequests[105], 'relativeZxid'>,
): ScriptRequest => ({ op: 105, relativeZxid, ...more })

export const acl = (perms: number, scheme = 'world', id = 'anyone'): RawAcl => ({
  perms,
  scheme,
  id,
})

/** The script with `~` replaced, in every text. */
export function inSubtree(script: Script, root: string): Script {
  return JSON.parse(JSON.stringify(script), (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('~', root) : value,
  )
}

export function countRequests(script: Script): number {
  let count = 0
  for (const step of script) if (step.do === 'send') count += step.requests.length
  return count
}

/** One line per step, to be read and to be pasted into a test. */
export function showScript(script: Script): string {
  return script.map((step) => `  ${JSON.stringify(step)},`).join('\n')
}
