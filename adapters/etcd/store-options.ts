/** What an etcd store is opened with. Neighbour: etcd-store.ts. */
import type { Clock, Random } from '../../lib/base/clock.ts'
import type { ConnectionOptions } from './member.ts'

export interface EtcdStoreOptions extends Omit<ConnectionOptions, 'loginTimeoutMs'> {
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
