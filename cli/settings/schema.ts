/** All settings of `serve`, in the order of its help. One file a group: groups/*. */
import { admin } from './groups/admin.ts'
import { adminTls } from './groups/admin-tls.ts'
import { auditGroup } from './groups/audit.ts'
import { authentication } from './groups/authentication.ts'
import { clients } from './groups/clients.ts'
import { limits } from './groups/limits.ts'
import { logging } from './groups/logging.ts'
import { memory } from './groups/memory.ts'
import { migration } from './groups/migration.ts'
import { sessions } from './groups/sessions.ts'
import { storeGroup } from './groups/store.ts'
import { tls } from './groups/tls.ts'
import { workersGroup } from './groups/workers.ts'
import type { Group } from './setting.ts'

export const GROUPS: readonly Group[] = [
  clients,
  sessions,
  storeGroup,
  migration,
  limits,
  memory,
  authentication,
  auditGroup,
  tls,
  logging,
  workersGroup,
  admin,
  adminTls,
]
