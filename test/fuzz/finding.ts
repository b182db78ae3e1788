/** What can be wrong. Neighbours: check, play. */

export type Kind =
  | 'bystander waited'
  | 'bystander disturbed'
  | 'nobody is served'
  | 'another replica differs'
  | 'a session does not end'
  | 'no restart'
  | 'a restart differs'
  | 'no copy'
  | 'a copy differs'

export interface Finding {
  readonly kind: Kind
  readonly what: string
}

/** What a check or a player threw because of what it found. */
export class Failed extends Error {
  readonly kind: Kind
  constructor(kind: Kind, what: string) {
    super(what)
    this.kind = kind
  }
}
