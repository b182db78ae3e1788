/** From the settings to the audit log. Neighbours: settings/groups/audit, serve. */

import { userInfo } from 'node:os'
import type { Logger } from '../lib/index.ts'
import { reasonOf } from '../lib/internal.ts'
import { AuditFile, AuditTrail } from '../proxy/index.ts'
import { UsageError } from './flags.ts'
import * as settings from './settings/groups/audit.ts'
import type { Get } from './settings/setting.ts'

export interface Audit {
  readonly file: AuditFile
  readonly trail: AuditTrail
}

/** Who runs this process; in a container there may be no such user. */
function processUser(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/** Of this process. */
let opened: Audit | undefined

/** What was opened last: it says that the server did not start. */
export async function auditFailedStart(): Promise<void> {
  opened?.trail.serverStarted('failure')
  await opened?.file.close()
}

/**
 * undefined: nothing is audited.
 * @throws {UsageError} the file cannot be written
 */
export function openAudit(get: Get, logger: Logger): Audit | undefined {
  if (!get(settings.audit)) return undefined
  try {
    const file = AuditFile.open({
      file: get(settings.auditFile),
      bufferBytesMax: get(settings.maxAuditBufferBytes),
      logger,
    })
    const trail = new AuditTrail({
      file,
      format: get(settings.auditFormat),
      valueCharsMax: get(settings.maxAuditValue),
      processUser: processUser(),
    })
    opened = { file, trail }
    return opened
  } catch (error) {
    throw new UsageError(reasonOf(error))
  }
}
