/** The JSON API: what a controller, a page or an operator's script reads and does. All of it is guarded. */
import type { ProxyHost } from '../../../host.ts'
import { ZOOKEEPER_VERSION } from '../../../version.ts'
import { ensembleOf } from '../../ensemble.ts'
import { pageFiles } from '../../page/page-files.ts'
import { type Call, HttpError } from '../call.ts'
import { shedConnections } from '../commands/client-commands.ts'
import { CommandError } from '../commands/command.ts'
import type { Guard } from '../guard.ts'
import type { LogLevel } from '../options.ts'
import type { Readiness } from '../readiness.ts'
import type { Route } from '../router.ts'
import type { Slots } from '../slots.ts'
import { answerChanges } from './changes-route.ts'
import { answerData, putData } from './data-routes.ts'
import { answerSearch, type SearchBound } from './search-route.ts'
import { answerSession, answerSessions, closeSession } from './session-routes.ts'
import { answerSubtree, type DeleteBound, deleteSubtree } from './subtree-routes.ts'
import { createZnode, deleteZnode, setAcl, setZnode } from './tree-edits.ts'
import { answerTree } from './tree-route.ts'
import { answerWatches } from './watch-route.ts'

export interface ApiOptions {
  readonly guard: Guard
  readonly bodyBytesMax: number
  readonly slots: Slots
  /** Changes that are carried out together. */
  readonly editSlots: Slots
  /** Znodes that are deleted together. */
  readonly deletes: DeleteBound
  readonly search: SearchBound
  readonly readiness: Readiness
  readonly logLevel: LogLevel | undefined
  /** Znodes may be changed. */
  readonly canEdit: boolean
  /** undefined: the tree is not loaded yet. */
  readonly host: () => ProxyHost | undefined
}

type Handler = (host: ProxyHost, call: Call) => void | Promise<void>

export function apiRoutes(options: ApiOptions): readonly Route[] {
  const { guard, host, slots, bodyBytesMax, deletes, search } = options
  const route = (method: Route['method'], path: string, handle: Handler): Route => ({
    method,
    path: `/api/v1/${path}`,
    handle: (call) => {
      guard.check(call)
      const known = host()
      if (known === undefined) throw new HttpError(503, 'The tree is loading: try again.')
      return handle(known, call)
    },
  })
  return [
    route('GET', 'status', async (known, call) => {
      // An installation without the page has an API all the same.
      const page = await pageFiles().catch(() => undefined)
      call.json(200, { ...statusOf(known, options), page: page?.version })
    }),
    route('GET', 'tree', answerTree),
    route('GET', 'changes', (known, call) =>
      answerChanges(known, call, slots, (one) => guard.check(one)),
    ),
    route('POST', 'tree', edit(options, createZnode)),
    route('PUT', 'tree', edit(options, setZnode)),
    route('DELETE', 'tree', edit(options, deleteZnode)),
    route('GET', 'data', answerData),
    route('PUT', 'data', edit(options, putData)),
    route('PUT', 'acl', edit(options, setAcl)),
    route('GET', 'subtree', (known, call) => answerSubtree(known, call, deletes)),
    route(
      'DELETE',
      'subtree',
      edit(options, (known, call) => deleteSubtree(known, call, deletes)),
    ),
    route('GET', 'search', (known, call) => answerSearch(known, call, search)),
    route('GET', 'sessions', answerSessions),
    route('GET', 'sessions/:id', answerSession),
    route('GET', 'watches', answerWatches),
    route('POST', 'sessions/:id/close', closeSession),
    route('POST', 'connections/shed', async (known, call) => shed(known, call, bodyBytesMax)),
    ...logLevelRoutes(options),
  ]
}

function edit(
  { canEdit, bodyBytesMax, editSlots }: ApiOptions,
  handle: (host: ProxyHost, call: Call, bodyBytesMax: number) => Promise<void>,
): Handler {
  return async (host, call) => {
    if (!canEdit) throw new HttpError(403, 'Znodes cannot be changed here without --admin-edit.')
    editSlots.take()
    try {
      await handle(host, call, bodyBytesMax)
    } finally {
      editSlots.release()
    }
  }
}

function statusOf(host: ProxyHost, { readiness, canEdit }: ApiOptions): object {
  const { keeper, port, options, startedMs } = host
  const { mode, size, leader } = ensembleOf(keeper)
  return {
    proxy: keeper.proxy,
    worker: options.worker || undefined,
    port,
    mode,
    leader,
    servers: size,
    isServing: keeper.isServing,
    isReady: readiness.isReady,
    reasons: readiness.checks.flatMap(({ reason }) => reason ?? []),
    checks: readiness.checks,
    trouble: keeper.trouble,
    version: ZOOKEEPER_VERSION,
    store: options.storeName,
    startedMs,
    upMs: Math.max(0, Date.now() - startedMs),
    canEdit,
    zxid: keeper.replica.zxid,
    znodes: keeper.replica.tree.nodeCount,
    sessions: keeper.replica.sessions.size,
  }
}

async function shed(host: ProxyHost, call: Call, bodyBytesMax: number): Promise<void> {
  const body = await call.jsonBody(bodyBytesMax)
  try {
    call.json(200, shedConnections(host, { body, query: call.query }))
  } catch (error) {
    if (error instanceof CommandError) throw new HttpError(400, error.message)
    throw error
  }
}

function logLevelRoutes({ guard, logLevel, bodyBytesMax }: ApiOptions): readonly Route[] {
  const known = (call: Call): LogLevel => {
    guard.check(call)
    if (logLevel === undefined) throw new HttpError(404, 'The level of this log cannot be changed.')
    return logLevel
  }
  const path = '/api/v1/log-level'
  return [
    {
      method: 'GET',
      path,
      handle: (call) => {
        const { levels, get } = known(call)
        call.json(200, { level: get(), levels })
      },
    },
    {
      method: 'PUT',
      path,
      handle: async (call) => {
        const { levels, get, set } = known(call)
        const { level } = await call.jsonBody(bodyBytesMax)
        if (typeof level !== 'string' || !levels.includes(level)) {
          throw new HttpError(400, `Expected {"level": …}, one of ${levels.join(', ')}.`)
        }
        set(level)
        call.json(200, { level: get(), levels })
      },
    },
  ]
}
