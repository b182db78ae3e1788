/** All deliberate bugs: what the laws must find, and within how many seeds. */
import { BUDGET_MUTATIONS } from './budget-mutations.ts'
import { COMMIT_MUTATIONS } from './commit-mutations.ts'
import { HISTORY_MUTATIONS } from './history-mutations.ts'
import type { Mutation } from './mutation.ts'
import { SESSION_MUTATIONS } from './session-mutations.ts'

export const MUTATIONS: readonly Mutation[] = [
  ...COMMIT_MUTATIONS,
  ...SESSION_MUTATIONS,
  ...HISTORY_MUTATIONS,
  ...BUDGET_MUTATIONS,
]
