/** What a Redis store is opened with. Neighbour: redis-store.ts. */
import type { Clock } from '../../lib/base/clock.ts'
import type { Logger } from '../../lib/base/log.ts'
import type { CredentialSources } from '../credentials/credentials.ts'
import type { ServerOptions } from './link.ts'

export interface RedisStoreOptions extends ServerOptions {
  /** User, password and certificates, or the files that hold them. */
  readonly credentials?: CredentialSources
  /** Pause between two looks at the files of certificates. Unit: ms. @default 2000 */
  readonly reloadMs?: number
  /** What happens to the credentials. @default silentLogger */
  readonly logger?: Logger
  /** Name of the data in Redis: several stores can share a server. @default "anykeeper" */
  readonly name?: string
  /** Timers and deadlines. @default systemClock */
  readonly clock?: Clock
  /** Deadline of a txn, a compaction, a grant or a revocation. Unit: ms. @default 5000 */
  readonly writeTimeoutMs?: number
  /** Deadline of one page of a range, and of connecting. Unit: ms. @default 5000 */
  readonly readTimeoutMs?: number
  /** Deadline of a lease renewal and of a sweep. Unit: ms. @default 2000 */
  readonly renewTimeoutMs?: number
  /** Pause between empty batches of a quiet watch. Unit: ms. @default 1000 */
  readonly progressMs?: number
  /** Pause between sweeps for overdue leases. Unit: ms. @default 300 */
  readonly sweepMs?: number
  /** Bound of the history in the server's memory. Unit: bytes. @default 256 MiB */
  readonly feedBytesMax?: number
}
