/** What a client of the library is opened with. Neighbour: keeper-client. */
import { checkCallback, checkOptions, checkText, checkTimeoutMs } from './arguments.ts'
import type { CallbackError } from './callback-faults.ts'

/** Curator's words: suspended may come back with the session intact, lost will not. */
export type ClientState = 'connected' | 'suspended' | 'lost' | 'closed'

/** Options of {@link KeeperClient.connect}. */
export interface ClientOptions {
  /** Requested session timeout, ms; clamped to the keeper's limits. @default 30000 */
  readonly timeoutMs?: number
  /** `user:password` for the digest scheme. */
  readonly digest?: string
  /** Called at each change of {@link KeeperClient.state}. What it throws is reported to `onError`. */
  readonly onState?: (state: ClientState) => void
  /**
   * Called when a callback of yours threw; the stack leads to where it was passed.
   * @default an error in the keeper's log and a warning of the process
   */
  readonly onError?: (error: CallbackError) => void
}

const OPTION_NAMES = ['timeoutMs', 'digest', 'onState', 'onError'] as const

/** Copied: what the caller changes later has no effect. */
export function checkClientOptions(options: unknown): ClientOptions {
  const { timeoutMs, digest, onState, onError } = checkOptions(options, OPTION_NAMES)
  return {
    ...(timeoutMs !== undefined && { timeoutMs: checkTimeoutMs(timeoutMs) }),
    ...(digest !== undefined && { digest: checkText(digest, 'digest', '"user:password"') }),
    ...(onState !== undefined && {
      onState: checkCallback(onState as (state: ClientState) => void, 'onState'),
    }),
    ...(onError !== undefined && {
      onError: checkCallback(onError as (error: CallbackError) => void, 'onError'),
    }),
  }
}
