/** What an etcd store is opened with. Neighbour: etcd-store.ts. */
import type { Clock, Random } from '../../lib/base/clock.ts'
import type { Logger } from '../../lib/base/log.ts'
import type { CredentialSources } from '../credentials/credentials.ts'

export interface EtcdStoreOptions {
  /** `host:port`, or `https://host:port` for TLS; with the system's authorities where `credentials` has none. */
  readonly hosts: readonly string[]
  /** User, password and certificates, or the files that hold them. */
  readonly credentials?: CredentialSources
  /** Pause between two looks at the files of certificates. Unit: ms. @default 2000 */
  readonly reloadMs?: number
  /** What happens to the credentials. @default silentLogger */
  readonly logger?: Logger
  /**
   * Timers of watches and leases. Deadlines of calls are the system clock's.
   * @default systemClock
   */
  readonly clock?: Clock
  /** Draws the member that this store prefers. @default systemRandom */
  readonly random?: Random
  /**
   * Deadline of a txn; of a compaction, a grant or a revocation, attempts on other members included.
   * Unit: ms. @default 5000
   */
  readonly writeTimeoutMs?: number
  /** Deadline of a range, attempts on other members included. Unit: ms. @default 5000 */
  readonly readTimeoutMs?: number
  /** Deadline of a lease renewal, tries on other members included. Unit: ms. @default 2000 */
  readonly renewTimeoutMs?: number
  /** Pause between the progress requests of a watch. Unit: ms. @default 2000 */
  readonly progressMs?: number
  /** The servers' `--max-request-bytes`. Unit: bytes. @default 1572864 */
  readonly requestBytesMax?: number
  /** The servers' `--max-txn-ops`. @default detected at startup */
  readonly txnOpsMax?: number
}
