/**
 * A create that is found again after an unknown outcome, by a name that no other has. Source: Curator's
 * CreateBuilderImpl.withProtection. Neighbours: zookeeper, protected-name, recipes/own-znode.
 */
import type { Clock } from '../base/clock.ts'
import { pause } from '../base/pause.ts'
import { isZnodeError, type StoreOutcome, ZK_ERRORS, ZnodeError } from '../model/errors.ts'
import { childOf, nameOf, parentOf } from '../model/path.ts'
import type { Stat } from '../model/request.ts'
import { untilPermitted } from './until-permitted.ts'
import { type Connectable, whenConnected, whenNotSuspended } from './when-connected.ts'

/** Before a removal that the store refused for now is tried again. Unit ms. */
const REMOVE_AGAIN_MS = 1_000

/** What looks for znodes, and removes them. */
export interface ProtectedClient extends Connectable {
  readonly clock: Clock
  readonly sessionId: bigint
  readonly isReadOnly: boolean
  exists(path: string): Promise<Stat | undefined>
  getChildren(path: string): Promise<{ readonly children: readonly string[] }>
  getEphemerals(prefix: string): Promise<readonly string[]>
  delete(path: string): Promise<void>
}

/** Where the znodes of a client are found again. */
export interface ProtectedPlace<C extends ProtectedClient = ProtectedClient> {
  readonly client: C
  readonly parent: string
  /** No name of another has it. */
  readonly prefix: string
  /** They end with a session. */
  readonly isEphemeral: boolean
  /** Of the only one that can be there, if it has no sequence number: it is found whatever the parent's ACL hides. */
  readonly path?: string | undefined
}

export interface Found {
  readonly path: string
  readonly stat: Stat
}

/**
 * The children with the prefix; none where the parent is gone. Where the ACL hides the children, a session's ephemerals are
 * found nevertheless.
 * @throws {ZnodeError} ZK_NO_AUTH: the children are hidden, and need not be ephemerals
 */
export async function findProtected(place: ProtectedPlace): Promise<Found[]> {
  const { client } = place
  const found: Found[] = []
  for (const path of await pathsOf(place)) {
    const stat = await client.exists(path)
    if (stat !== undefined) found.push({ path, stat })
  }
  return found
}

async function pathsOf(place: ProtectedPlace): Promise<string[]> {
  const { client, parent, prefix, isEphemeral, path: only } = place
  if (only !== undefined) return [only]
  try {
    const { children } = await client.getChildren(parent)
    return children.filter((name) => name.startsWith(prefix)).map((name) => childOf(parent, name))
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return []
    if (!isEphemeral || !isZnodeError(error, ZK_ERRORS.NO_AUTH)) throw error
    const all = await client.getEphemerals(parent)
    return all.filter((path) => parentOf(path) === parent && nameOf(path).startsWith(prefix))
  }
}

/** As {@link findProtected}, where READ of themselves is not permitted too. */
async function pathsLeft(place: ProtectedPlace): Promise<string[]> {
  const { client, path } = place
  if (path === undefined) return pathsOf(place)
  try {
    return (await client.exists(path)) === undefined ? [] : [path]
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_AUTH)) return [path]
    throw error
  }
}

/** What {@link untilKnown} does, and what it waits for between. */
export interface KnownAttempt<T> {
  /** Sends the create. */
  readonly create: () => Promise<T>
  /** What an earlier create has made; undefined: nothing. */
  readonly find: () => Promise<T | undefined>
  /** Resolves when the client is connected. @throws what the caller's wait ended with */
  readonly connected: () => Promise<unknown>
  /** @throws what the caller's wait ended with */
  readonly throwIfEnded: () => void
}

/**
 * Creates until the outcome is known. After ZK_CONNECTION_LOSS it looks before it sends again: a session is resumed behind
 * everything that it had sent, and behind a sync, so what is not there then never comes. `mayBeThere`: it looks first.
 * @throws as `connected`; {ZnodeError} of the create or the look
 */
export async function untilKnown<T>(attempt: KnownAttempt<T>, mayBeThere: boolean): Promise<T> {
  for (let isUnknown = mayBeThere; ; ) {
    await attempt.connected()
    attempt.throwIfEnded()
    try {
      if (isUnknown) {
        const found = await attempt.find()
        if (found !== undefined) return found
        attempt.throwIfEnded()
      }
      return await attempt.create()
    } catch (error) {
      attempt.throwIfEnded()
      if (!isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
      isUnknown = true
    }
  }
}

/**
 * Deletes what has the prefix, however often the connection is lost meanwhile. Resolves when it is gone, or the
 * session is over and with it the ephemerals. No create with this prefix may be in flight. `known`: all that can be
 * there, which saves a look.
 * @throws {ZnodeError} ZK_NO_AUTH: the parent's ACL does not permit it; it is removed when that does
 */
export function removeProtected(
  place: ProtectedPlace,
  known: readonly { readonly path: string }[] = [],
): Promise<void> {
  const { client } = place
  const { sessionId } = client
  return untilPermitted(client, () => remove(place, known, sessionId))
}

/** `sessionId`: the owner of ephemerals. */
async function remove(
  place: ProtectedPlace,
  known: readonly { readonly path: string }[],
  sessionId: bigint,
): Promise<void> {
  const { client, isEphemeral } = place
  for (let isKnown = known.length > 0; await whenConnected(client); isKnown = false) {
    if (isEphemeral && client.sessionId !== sessionId) return
    try {
      const found = isKnown ? known.map(({ path }) => path) : await pathsLeft(place)
      for (const path of found) await deleteIfThere(client, path)
      if (isKnown || found.length === 0) return
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) continue
      // By the local clock, it may come back, with the ephemerals.
      const isExpired = isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)
      if (!isExpired && !(error instanceof ZnodeError && error.retriable)) throw error
      await pause(client.clock, REMOVE_AGAIN_MS)
    }
  }
}

/** false: it was not there. @throws {ZnodeError} as delete() */
export async function deleteIfThere(client: ProtectedClient, path: string): Promise<boolean> {
  try {
    await client.delete(path)
    return true
  } catch (error) {
    if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return false
    throw error
  }
}

/** A create of one znode; see {@link createProtected}. */
export interface ProtectedCreate {
  readonly place: ProtectedPlace
  /** Sends it. */
  readonly send: () => Promise<Found>
  /** Aborted: its caller does not wait any more. */
  readonly until: AbortSignal
}

/**
 * Creates one znode, or none: what a create that is given up has made is deleted again. It waits for the connection while the
 * session may live.
 * @throws {ZnodeError} what the create was answered with; ZK_SESSION_EXPIRED, with `outcome` unapplied for an ephemeral whose session
 * has ended; ZK_CONNECTION_LOSS: it could not be sent, or with `outcome` unknown what became of it cannot be seen
 */
export async function createProtected(attempt: ProtectedCreate): Promise<Found> {
  const { place, until } = attempt
  const sending = new Sending(attempt)
  try {
    const made = await sending.made()
    until.throwIfAborted()
    return made
  } catch (error) {
    if (sending.mayBeThere) void removeProtected(place).catch(() => {})
    throw error
  }
}

/** It cannot be known whether it is there. */
class Unseen extends Error {}

class Sending {
  /** It was made, or may have been, and was not looked for since. */
  mayBeThere = false
  readonly #attempt: ProtectedCreate
  readonly #sessionId: bigint

  constructor(attempt: ProtectedCreate) {
    this.#attempt = attempt
    this.#sessionId = attempt.place.client.sessionId
  }

  async made(): Promise<Found> {
    try {
      return await this.#create()
    } catch (error) {
      if (!this.mayBeThere || !isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS)) throw error
    }
    const { place } = this.#attempt
    try {
      return await untilKnown(
        {
          create: () => this.#create(),
          find: () => this.#find(),
          connected: () => whenNotSuspended(place.client),
          throwIfEnded: () => this.#throwIfEnded(),
        },
        true,
      )
    } catch (error) {
      if (!(error instanceof Unseen)) throw error
      const { errno } = ZK_ERRORS.CONNECTION_LOSS
      const path = place.path ?? place.parent
      throw new ZnodeError(errno, path, { outcome: 'unknown', cause: error.cause ?? error })
    }
  }

  async #create(): Promise<Found> {
    // Not yet, or it was looked for.
    this.mayBeThere = false
    try {
      const made = await this.#attempt.send()
      this.mayBeThere = true
      return made
    } catch (error) {
      this.mayBeThere = error instanceof ZnodeError && error.outcome === 'unknown'
      const isExpired = this.mayBeThere && isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)
      if (isExpired && this.#attempt.place.isEphemeral) this.#throwGone()
      throw error
    }
  }

  async #find(): Promise<Found | undefined> {
    const { place } = this.#attempt
    try {
      const [found] = await findProtected(place)
      if (found !== undefined || !place.client.isReadOnly) return found
    } catch (error) {
      const { CONNECTION_LOSS, SESSION_EXPIRED } = ZK_ERRORS
      const isAway = isZnodeError(error, CONNECTION_LOSS) || isZnodeError(error, SESSION_EXPIRED)
      throw isAway ? error : new Unseen('what was made cannot be seen', { cause: error })
    }
    throw new Unseen('a server without a quorum may be behind')
  }

  #throwIfEnded(): void {
    const { place, until } = this.#attempt
    const { client, isEphemeral } = place
    const isAnother = client.sessionId !== this.#sessionId
    // The server's word, not the local clock's.
    const isOver = isAnother || (client.state === 'lost' && client.isEnded)
    if (isEphemeral && isOver) this.#throwGone()
    until.throwIfAborted()
    if (client.state === 'lost' || client.state === 'closed') throw this.#expired('unknown')
  }

  /** With its session an ephemeral is gone. */
  #throwGone(): never {
    this.mayBeThere = false
    throw this.#expired('unapplied')
  }

  #expired(outcome: StoreOutcome): ZnodeError {
    const { path, parent } = this.#attempt.place
    return new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno, path ?? parent, { outcome })
  }
}
