/** Which member a channel talks to: one until it fails, then the next. Neighbour: sim-store. */
import { StoreError } from '../../../lib/index.ts'
import type { ClusterMember } from './cluster-member.ts'

export class StickyMembers {
  readonly #members: readonly ClusterMember[]
  #at: number

  constructor(members: readonly ClusterMember[], first: number) {
    this.#members = members
    this.#at = first
  }

  get count(): number {
    return this.#members.length
  }

  get current(): ClusterMember {
    return this.#members[this.#at] as ClusterMember
  }

  /** The current member is behind, though it answers. */
  suspect(): void {
    this.#at = (this.#at + 1) % this.#members.length
  }

  failed(member: ClusterMember, error: unknown): void {
    if (!(error instanceof StoreError)) return
    const isMemberFailure = error.code === 'STORE_UNAVAILABLE' || error.code === 'STORE_TIMEOUT'
    if (isMemberFailure && this.current === member) {
      this.#at = (this.#at + 1) % this.#members.length
    }
  }
}
