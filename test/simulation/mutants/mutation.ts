/** One deliberate bug, as edits of the sources. Neighbours: the tables of them, hunt. */
import type { FaultSet } from '../scenario.ts'

export interface Edit {
  /** Below the root. */
  readonly file: string
  /** Exactly one place of the file, or every one of them with `everywhere`. */
  readonly from: string
  readonly to: string
  readonly everywhere?: boolean
}

export interface Mutation {
  readonly bug: string
  readonly edits: readonly Edit[]
  /** Those that it needs to show. @default core */
  readonly faults?: FaultSet
  /** It is found within so many seeds. */
  readonly seedsMax: number
}

export const COMMITTER = 'lib/member/commit/group-committer.ts'
export const SENDER = 'lib/member/commit/batch-sender.ts'
export const PLANNER = 'lib/member/commit/batch-planner.ts'
export const MANAGER = 'lib/member/session/session-manager.ts'
export const KEEPER = 'lib/member/keeper.ts'
export const FOLLOWER = 'lib/member/tree/follower.ts'
