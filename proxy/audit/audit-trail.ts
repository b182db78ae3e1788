/**
 * What clients change, as lines of the audit log: which requests, under which names, with which result. Source:
 * AuditHelper, and DataTree.deleteNodes. Line: session → here → audit-file.
 */
import {
  type Acl,
  type AuthId,
  type Caller,
  CREATE_FLAGS,
  checkNames,
  type MultiOp,
  type MultiRequest,
  type MultiResult,
  OP,
  optionNames,
  PERMS,
  type Planned,
  userOf,
  type WriteRequest,
} from '../../lib/internal.ts'
import { type AuditEvent, type AuditFormat, auditLine } from './audit-event.ts'
import type { AuditFile } from './audit-file.ts'

/** Options of {@link AuditTrail}. */
export interface AuditTrailOptions {
  /** Where lines are written. */
  readonly file: AuditFile
  /** @default "zookeeper" */
  readonly format?: AuditFormat
  /** Longest value of a field, UTF-16 units: of a longer one its begin and its length are written. @default 16384 */
  readonly valueCharsMax?: number
  /** Of this process: the user of what no client did. */
  readonly processUser: string
}

const OPTIONS = optionNames<AuditTrailOptions>({
  file: true,
  format: true,
  valueCharsMax: true,
  processUser: true,
})

type Outcome = Planned | 'unknown'
/** What an event has besides its caller's fields. */
type Act = Pick<AuditEvent, 'operation' | 'znode' | 'znodeType' | 'acl' | 'result'>

/** By their flags. Source: CreateMode. */
const MODES = new Map<number, string>(
  Object.entries(CREATE_FLAGS).map(([name, flags]) => [flags, name.toLowerCase()]),
)

/** c before d, as ZooKeeper shows them. Source: ZKUtil.getPermString. */
const LETTERS: readonly (readonly [bit: number, letter: string])[] = [
  [PERMS.CREATE, 'c'],
  [PERMS.DELETE, 'd'],
  [PERMS.READ, 'r'],
  [PERMS.WRITE, 'w'],
  [PERMS.ADMIN, 'a'],
]

/** Their ids are names, whatever is in them. */
const NAMING: ReadonlySet<string> = new Set(['world', 'auth', 'ip', 'sasl', 'x509'])

/** A digest is nearly as good as a password, also under a scheme that was misspelt: `user:x` is shown. */
const shownId = ({ scheme, id }: AuthId): string =>
  NAMING.has(scheme) || !id.includes(':') ? id : `${userOf(id)}:x`

/** Nothing between the entries, as by ZKUtil.aclToString. */
function aclText(acl: readonly Acl[] | null): string | undefined {
  return acl === null
    ? undefined
    : acl
        .map(({ perms, id }) => {
          const letters = LETTERS.filter(([bit]) => (perms & bit) !== 0).map(([, c]) => c)
          return `${id.scheme}:${shownId(id)}:${letters.join('')}`
        })
        .join('')
}

const resultOf = (outcome: Outcome): AuditEvent['result'] => {
  if (outcome === 'unknown') return 'invoked'
  return typeof outcome === 'number' ? 'failure' : 'success'
}

/** The path of a sequential znode is known when it was made. */
function pathOf(outcome: Outcome): string | undefined {
  if (typeof outcome === 'number' || outcome === 'unknown') return undefined
  return outcome.type === 'path' || outcome.type === 'pathStat' ? outcome.path : undefined
}

/** What of a multi's operations has a line: in ZooKeeper's words. */
const OPERATIONS: Readonly<Record<string, string>> = {
  create: 'create',
  create2: 'create',
  delete: 'delete',
  setData: 'setData',
}

function partOf(op: MultiOp, result: MultiResult, modes: ReadonlyMap<string, string>): Act[] {
  const operation = OPERATIONS[result.type]
  if (operation === undefined) return []
  const isCreate = result.type === 'create' || result.type === 'create2'
  const znode = isCreate ? result.path : op.path
  // ZooKeeper finds it by the path that was requested: one with a number at its end has none.
  const znodeType = isCreate ? modes.get(znode) : undefined
  return [{ operation, znode, znodeType, result: 'success' }]
}

function partsOf({ ops }: MultiRequest, outcome: Outcome): Act[] {
  const failed: Act = { operation: 'multiOperation', result: 'failure' }
  if (outcome === 'unknown') {
    return ops
      .filter(({ type }) => type !== 'check')
      .map(({ type, path }) => ({ operation: type, znode: path, result: 'invoked' }))
  }
  if (typeof outcome === 'number' || outcome.type !== 'multi') return [failed]
  const { results } = outcome
  if (results.some(({ type }) => type === 'error')) return [failed]
  const modes = new Map<string, string>()
  for (const op of ops) {
    const isKnown = op.type === 'create' && op.op !== OP.createTTL
    const mode = isKnown ? MODES.get(op.flags) : undefined
    if (mode !== undefined) modes.set(op.path, mode)
  }
  return ops.flatMap((op, i) => partOf(op, results[i] as MultiResult, modes))
}

function actsOf(request: WriteRequest, outcome: Outcome): readonly Act[] {
  const result = resultOf(outcome)
  switch (request.type) {
    case 'create': {
      const znodeType = MODES.get(request.flags)
      // ZooKeeper cannot say what it was to be either.
      if (znodeType === undefined) return []
      const znode = pathOf(outcome) ?? request.path
      return [{ operation: 'create', znode, znodeType, result }]
    }
    case 'delete':
    case 'setData':
      return [{ operation: request.type, znode: request.path, result }]
    case 'setACL':
      return [{ operation: 'setAcl', znode: request.path, acl: aclText(request.acl), result }]
    case 'multi':
      return partsOf(request, outcome)
    case 'guarded':
      return actsOf(request.request, outcome)
    case 'fail':
      return request.instead === undefined ? [] : [{ operation: request.instead, result }]
    default:
      return []
  }
}

/** As Java's Long.toHexString. */
const hex = (sessionId: bigint): string => `0x${BigInt.asUintN(64, sessionId).toString(16)}`

/** Who it is: what a connection has proven. Source: AuthUtil.getUsers. */
function usersOf(ids: readonly AuthId[]): string | undefined {
  const names = ids
    .filter(({ scheme }) => scheme !== 'super')
    .map(({ scheme, id }) => (scheme === 'digest' ? userOf(id) : id))
    .filter((name) => name.trim() !== '')
  return names.length === 0 ? undefined : names.join(',')
}

interface Who {
  readonly user: string | undefined
  readonly ip: string | undefined
}

/** Writes a line for each change that a client requested, and for each end of an ephemeral with its session. */
export class AuditTrail {
  readonly #options: AuditTrailOptions
  readonly #format: AuditFormat
  readonly #valueCharsMax: number
  readonly #known = new WeakMap<readonly AuthId[], Who>()

  /** @throws {TypeError} an option is not known */
  constructor(options: AuditTrailOptions) {
    checkNames(options, OPTIONS)
    this.#options = options
    this.#format = options.format ?? 'zookeeper'
    this.#valueCharsMax = options.valueCharsMax ?? 16_384
  }

  /** Lines written, or to be written; and lines that are lost. */
  get counters(): { readonly lines: number; readonly dropped: number } {
    return this.#options.file.counters
  }

  /** @internal */
  written(caller: Caller, request: WriteRequest, outcome: Planned | 'unknown'): void {
    const acts = actsOf(request, outcome)
    if (acts.length === 0) return
    const { user, ip } = this.#who(caller.ids)
    const session = hex(caller.sessionId)
    for (const act of acts) this.#write({ session, user, ip, ...act })
  }

  /** @internal */
  ephemeralsDeleted(sessionId: bigint, paths: readonly string[]): void {
    const operation = 'ephemeralZNodeDeletionOnSessionCloseOrExpire'
    const session = hex(sessionId)
    const { processUser: user } = this.#options
    for (const znode of paths) this.#write({ session, user, operation, znode, result: 'success' })
  }

  /** The server serves, or could not start. */
  serverStarted(result: 'success' | 'failure'): void {
    this.#write({ user: this.#options.processUser, operation: 'serverStart', result })
  }

  /** The server is stopping. */
  serverStopping(): void {
    this.#write({ user: this.#options.processUser, operation: 'serverStop', result: 'invoked' })
  }

  /** A connection's list is another one when it has proven more. */
  #who(ids: readonly AuthId[]): Who {
    const known = this.#known.get(ids)
    if (known !== undefined) return known
    const ip = ids.find(({ scheme }) => scheme === 'ip')?.id
    const who = { user: this.#cut(usersOf(ids)), ip }
    this.#known.set(ids, who)
    return who
  }

  /** A thousand long names are not to be kept for each connection. */
  #cut(names: string | undefined): string | undefined {
    return names?.slice(0, this.#valueCharsMax + 1)
  }

  #write(event: AuditEvent): void {
    this.#options.file.write(auditLine(event, this.#format, new Date(), this.#valueCharsMax))
  }
}
