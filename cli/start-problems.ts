/**
 * What keeps a server from starting besides its settings: a store or an audit log that they name and that cannot be one. Nothing is
 * opened or made. Neighbours: serve, settings/check-config.
 */
import { checkStoreUrl } from '../adapters/index.ts'
import { reasonOf } from '../lib/internal.ts'
import { AuditFile } from '../proxy/index.ts'
import { audit, auditFile } from './settings/groups/audit.ts'
import { store } from './settings/groups/store.ts'
import { workers } from './settings/groups/workers.ts'
import type { Values } from './settings/resolve.ts'
import { shownUrl } from './settings/shown-url.ts'

/** Stores of one process. */
const OF_ONE_PROCESS = /^(file|memory):/

/** A sentence for workers that cannot share the store. */
export const oneProcessOnly = (count: number, url: string): string =>
  `--workers ${count}: ${shownUrl(url)} can be used by one process only: omit --workers`

/**
 * A sentence each. `isCheck`: nothing is started, so the files that the start would read are read here, of which a FIFO can be read
 * once.
 */
export async function startProblems({ get }: Values, isCheck: boolean): Promise<string[]> {
  const problems: string[] = []
  const url = get(store)
  const count = get(workers)
  await checkStoreUrl(url, { files: isCheck }).catch((error: unknown) =>
    problems.push(reasonOf(error)),
  )
  if (count > 1 && OF_ONE_PROCESS.test(url)) problems.push(oneProcessOnly(count, url))
  if (!isCheck || !get(audit)) return problems
  try {
    AuditFile.check(get(auditFile))
  } catch (error) {
    problems.push(reasonOf(error))
  }
  return problems
}
