/** What a question to the facts may find. Neighbours: traps, traps-migration, traps-cluster. */
import type { Connections } from './connections.ts'
import type { KafkaFacts } from './read.ts'
import type { KafkaState } from './state.ts'

/** Something to act on, or to know. */
export interface KafkaFinding {
  /** `trap`: act before the next step. `note`: know it. */
  readonly kind: 'trap' | 'note'
  /** Stable name, for scripts. */
  readonly code: string
  /** What is so, and what to do: whole sentences. */
  readonly text: string
}

export interface Examined {
  readonly facts: KafkaFacts
  readonly state: KafkaState
  /** undefined: nobody could be queried. */
  readonly connections: Connections | undefined
  /** The id that the controllers were, or will be, formatted with. */
  readonly clusterId: string | undefined
}

/** undefined: nothing of the kind. */
export type Question = (examined: Examined) => KafkaFinding | undefined

export const trap = (code: string, text: string): KafkaFinding => ({ kind: 'trap', code, text })
export const note = (code: string, text: string): KafkaFinding => ({ kind: 'note', code, text })
