/** What a module for an authentication scheme of one's own fulfils. Neighbour: auth-providers. */
import type { X509Certificate } from 'node:crypto'

/** Who presents credentials. */
export interface AuthClient {
  /** Of its connection: an IPv4 or IPv6 address. */
  readonly address: string
  /** Of its TLS connection; undefined: it presented none, or the connection is plain. */
  readonly certificate: X509Certificate | undefined
  /** Aborted when nobody waits for the answer any more: the time is over, or the client is gone. */
  readonly signal: AbortSignal
}

/** What credentials prove. */
export interface ProvenIds {
  /** Ids of the provider's scheme, as ACLs name them; at least one. */
  readonly ids: readonly string[]
  /** true: the client passes every ACL. @default false */
  readonly isSuperUser?: boolean
}

/**
 * An authentication scheme of one's own, as ZooKeeper's AuthenticationProvider. A module that `auth-provider` names
 * exports one as its default. What it throws, and an answer that comes too late, refuse that client alone.
 */
export interface AuthProvider {
  /** As clients name it in `addAuthInfo`, and ACLs: letters, digits, `_`, `.` and `-`, 64 at most. */
  readonly scheme: string
  /**
   * Judges the credentials of an auth packet. Requests that the client sends behind the packet wait for the answer.
   * Return undefined, throw or reject to refuse them: AUTHFAILED, and the client is disconnected. What is thrown is logged:
   * no credentials may be in it.
   */
  authenticate(
    credentials: Uint8Array,
    client: AuthClient,
  ): ProvenIds | undefined | Promise<ProvenIds | undefined>
  /** May an ACL name this id? Not: INVALIDACL. Called for each entry of the scheme in a new ACL: it must be quick. */
  isValid(id: string): boolean
  /**
   * Does a proven id match the id of an ACL? Called for each check of an ACL that names the scheme: it must be quick. Absent: if the two are
   * equal. Ids that are equal match in any case.
   */
  matches?(id: string, idInAcl: string): boolean
}
