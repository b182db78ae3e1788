/** What a look at a source found, for whoever wants to move it. Neighbours: check-source, check-servers, check-tree. */

/** `blocks`: it cannot be moved like this. `warns`: something will be different. `info`: to be known. */
export type FindingSeverity = 'blocks' | 'warns' | 'info'

export interface Finding {
  readonly severity: FindingSeverity
  /** Without full stop. */
  readonly sentence: string
}

export const blocks = (sentence: string): Finding => ({ severity: 'blocks', sentence })
export const warns = (sentence: string): Finding => ({ severity: 'warns', sentence })
export const info = (sentence: string): Finding => ({ severity: 'info', sentence })
