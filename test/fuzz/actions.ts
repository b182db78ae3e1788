/** What a sequence is made of: each action is many requests of one kind, in a few numbers that can be printed. */

export interface Fill {
  readonly char: string
  /** Characters. */
  readonly length: number
}

/** `s`: which of the sessions does it. */
export type Action = {
  readonly s: number
} /** Siblings, their names filled up to that many bytes of path. */ & (
  | {
      readonly do: 'create'
      readonly count: number
      readonly name: Fill
      readonly op: 1 | 15 | 19 | 21
      readonly flags: number
      readonly data: number
      readonly ttlMs: number
    }
  /** One below the other, and a quota on the first. */
  | { readonly do: 'chain'; readonly depth: number; readonly quota: boolean }
  /** A quota on the session's subtree. null: no zookeeper_stats. */
  | { readonly do: 'quota'; readonly limits: string; readonly stats: string | null }
  | { readonly do: 'auth'; readonly count: number; readonly scheme: string; readonly id: Fill }
  | {
      readonly do: 'acl'
      /** Identities that the session proves before. */
      readonly ids: number
      readonly count: number
      readonly scheme: string
      readonly id: Fill
      /** As many reads under it. */
      readonly reads: number
    }
  | { readonly do: 'overwrite'; readonly count: number; readonly data: number }
  /** The same znode of each connection again and again, without waiting for answers. `data`: bytes of each. */
  | {
      readonly do: 'flood'
      readonly connections: number
      /** Of all of them together. */
      readonly megabytes: number
      readonly data: number
    }
  | { readonly do: 'multi'; readonly count: number; readonly data: number; readonly fails: boolean }
  | {
      readonly do: 'read'
      readonly op: 3 | 4 | 6 | 8 | 12 | 104
      readonly count: number
      readonly watch: boolean
    }
  | { readonly do: 'watches'; readonly count: number; readonly name: Fill }
  /** A path or a text as it is, in every request that takes one. */
  | { readonly do: 'odd'; readonly text: string }
  /** The newest of what this session created. */
  | { readonly do: 'delete'; readonly count: number }
  | { readonly do: 'reconfig'; readonly text: string }
  /** A frame of anything. */
  | { readonly do: 'frame'; readonly op: number; readonly hex: string }
  /** The session ends, or its connection. */
  | { readonly do: 'close' }
  | { readonly do: 'drop' }
)

export type ActionOf<D extends Action['do']> = Extract<Action, { readonly do: D }>

export type Sequence = readonly Action[]

export const SESSIONS = 3

export const show = (sequence: Sequence): string =>
  sequence.map((action) => `  ${JSON.stringify(action)}`).join('\n')
