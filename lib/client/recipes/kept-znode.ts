/**
 * One znode that is brought to what is wanted, step by step: created, found again after an unknown outcome, owned by the
 * session of now, written. Neighbours: persistent-node, live-loop.
 */
import { pause } from '../../base/pause.ts'
import { isZnodeError, ZK_ERRORS, ZnodeError } from '../../model/errors.ts'
import { childOf, nameOf, parentOf } from '../../model/path.ts'
import type { Acl, Stat } from '../../model/request.ts'
import { type CreateOptions, createOp } from '../operations.ts'
import { createMissing } from '../paths.ts'
import { findProtected } from '../protected-create.ts'
import { whenConnected } from '../when-connected.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { LOST_AGAIN_MS, REFUSED_AGAIN_MS } from './live-loop.ts'
import { unbounded } from './unbounded.ts'
import { type DataTurn, WantedData } from './wanted-data.ts'

export const PERSISTENT_NODE_MODES = [
  'ephemeral',
  'ephemeral-sequential',
  'persistent',
  'persistent-sequential',
  'container',
  'ttl',
] as const satisfies readonly PersistentNodeMode[]

/**
 * How the znode lives while nobody keeps it. The sequential ones are created below the name `_c_<uuid>-<name>`, as
 * Curator's protected ones, and keep the number that they were given. `ttl`: it outlives its owner by the TTL; while it
 * is kept, its child `touch` is written twice in a TTL.
 */
export type PersistentNodeMode =
  | 'ephemeral'
  | 'ephemeral-sequential'
  | 'persistent'
  | 'persistent-sequential'
  | 'container'
  | 'ttl'

/** Curator's name of the child that keeps a TTL znode. */
const TOUCH = 'touch'

/** Writes of that child in one TTL. */
const TOUCHES_PER_TTL = 2

export interface KeptOptions {
  readonly mode: PersistentNodeMode
  readonly ttlMs: number | undefined
  readonly acl: readonly Acl[] | undefined
  readonly parentMode: 'container' | 'persistent'
  /** Of a sequential name: no other has it. */
  readonly prefix: string
  readonly data: Uint8Array | null
  /** The next step is due. */
  readonly wake: () => void
  /** It is as wanted. */
  readonly onKept: () => void
  readonly onCreated: (path: string) => void
  /** An ephemeral of another client is in its place. */
  readonly onForeign: (error: ZnodeError) => void
}

export class KeptZnode {
  readonly #client: ZooKeeper
  readonly #base: string
  readonly #options: KeptOptions
  #path: string | undefined
  readonly #data: WantedData
  #wasKept = false
  /** Sessions that may own it: the one that created it, and those of later creates with an unknown outcome. */
  #sessions = new Set<bigint>()
  /** The czxid of one that was reported. */
  #foreign = 0
  /** Monotonic ms. */
  #touchedMs = Number.NEGATIVE_INFINITY
  #cancelTouch: () => void = () => {}

  constructor(client: ZooKeeper, path: string, options: KeptOptions) {
    this.#client = client
    this.#options = options
    const { prefix, data } = options
    this.#base = this.#isSequential ? childOf(parentOf(path), `${prefix}${nameOf(path)}`) : path
    this.#path = this.#isSequential ? undefined : path
    this.#data = new WantedData(data)
  }

  get path(): string | undefined {
    return this.#path
  }

  get data(): Uint8Array | null {
    const { data } = this.#data.newest
    return data === null ? null : Uint8Array.from(data)
  }

  get wasKept(): boolean {
    return this.#wasKept
  }

  get #isSequential(): boolean {
    return this.#options.mode.endsWith('-sequential')
  }

  get #isEphemeral(): boolean {
    return this.#options.mode.startsWith('ephemeral')
  }

  /** As {@link WantedData.want}. */
  setData(data: Uint8Array | null): () => boolean {
    return this.#data.want(data)
  }

  /** Brings it to what is wanted. @throws {ZnodeError} safe to repeat */
  async keep(): Promise<void> {
    for (;;) {
      const stat = await this.#look()
      if (stat === undefined) {
        await this.#create()
        continue
      }
      if (!this.#isOwn(stat)) return this.#reportForeign(stat)
      if (this.#isEphemeral && stat.ephemeralOwner !== this.#client.sessionId) {
        await this.#replace()
        continue
      }
      if (this.#data.isWritten || (await this.#write())) break
    }
    if (this.#options.ttlMs !== undefined) await this.#touch(this.#options.ttlMs)
    this.#wasKept = true
    this.#options.onKept()
  }

  /**
   * Deletes it, however often the connection is lost meanwhile. No step may be running.
   * @throws {ZnodeError} ZK_NOT_EMPTY, ZK_NO_AUTH; ZK_SESSION_EXPIRED: no session follows, and it stays
   */
  async remove(): Promise<void> {
    this.#cancelTouch()
    if (this.#path !== undefined) this.#client.unwatch(this.#path, this.#options.wake)
    if (this.#options.mode === 'ttl') return
    // It was never this one's.
    if (this.#sessions.size === 0 && !this.#data.wasWritten) return
    const client = unbounded(this.#client)
    while (await whenConnected(client)) {
      try {
        const path = this.#path ?? (await this.#find(client))
        if (path === undefined) return
        const stat = await client.exists(path)
        if (stat === undefined || !this.#isOwn(stat)) return
        return await client.delete(path)
      } catch (error) {
        if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return
        // It goes with its last child.
        const isContainer = this.#options.mode === 'container'
        if (isContainer && isZnodeError(error, ZK_ERRORS.NOT_EMPTY)) return
        if (!(error instanceof ZnodeError)) throw error
        const isLost =
          isZnodeError(error, ZK_ERRORS.CONNECTION_LOSS) ||
          isZnodeError(error, ZK_ERRORS.SESSION_EXPIRED)
        if (!isLost && !error.retriable) throw error
        await pause(client.clock, isLost ? LOST_AGAIN_MS : REFUSED_AGAIN_MS)
      }
    }
    if (!this.#isEphemeral) throw new ZnodeError(ZK_ERRORS.SESSION_EXPIRED.errno, this.#path)
  }

  /** Reads it, and watches it. */
  async #look(): Promise<Stat | undefined> {
    this.#path ??= await this.#find(this.#client)
    return this.#path === undefined
      ? undefined
      : this.#client.exists(this.#path, this.#options.wake)
  }

  /** The sequential one that a create with an unknown outcome may have made. */
  async #find(client: ZooKeeper): Promise<string | undefined> {
    if (this.#sessions.size === 0) return undefined
    const [found] = await findProtected({
      client,
      parent: parentOf(this.#base),
      prefix: this.#options.prefix,
      isEphemeral: this.#isEphemeral,
    })
    return found?.path
  }

  /** May it be kept, and deleted? A persistent one is whoever made it. */
  #isOwn({ ephemeralOwner }: Stat): boolean {
    if (!this.#isEphemeral) return ephemeralOwner === 0n
    return ephemeralOwner === this.#client.sessionId || this.#sessions.has(ephemeralOwner)
  }

  /** It is watched: when it is gone, this one's is created. */
  #reportForeign({ czxid }: Stat): void {
    if (this.#foreign === czxid) return
    this.#foreign = czxid
    this.#options.onForeign(new ZnodeError(ZK_ERRORS.NODE_EXISTS.errno, this.#path))
  }

  get #createOptions(): CreateOptions {
    const { mode, ttlMs, acl } = this.#options
    // One that has its number keeps it.
    const again = this.#isEphemeral ? 'ephemeral' : 'persistent'
    return {
      mode: this.#isSequential && this.#path !== undefined ? again : mode,
      ...(ttlMs !== undefined && { ttlMs }),
      ...(acl !== undefined && { acl }),
    }
  }

  async #create(): Promise<void> {
    const { newest } = this.#data
    const { sessionId } = this.#client
    const options = this.#createOptions
    this.#sessions.add(sessionId)
    try {
      const { path } = await this.#client.create(this.#path ?? this.#base, newest.data, options)
      this.#created(path, sessionId, newest)
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NODE_EXISTS) || this.#data.refused(newest, error)) return
      if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      await this.#makeParent()
    }
  }

  /** The ephemeral of its session before that is over: without a moment in which there is none. */
  async #replace(): Promise<void> {
    const path = this.#path as string
    const { newest } = this.#data
    const { sessionId } = this.#client
    const create = createOp(path, newest.data, this.#createOptions)
    this.#sessions.add(sessionId)
    try {
      await this.#client.multi([{ type: 'delete', path, version: -1 }, create])
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE) || this.#data.refused(newest, error)) return
      throw error
    }
    this.#created(path, sessionId, newest)
  }

  #created(path: string, sessionId: bigint, data: DataTurn): void {
    this.#path = path
    this.#sessions = new Set([sessionId])
    this.#data.written(data)
    this.#options.onCreated(path)
  }

  async #makeParent(): Promise<void> {
    const mode = this.#options.parentMode
    await createMissing(this.#client, parentOf(this.#base), (one) =>
      this.#client.create(one, null, { mode }),
    )
  }

  /** false: it is gone, or other data are wanted meanwhile. What is wanted may be written twice. */
  async #write(): Promise<boolean> {
    const { newest } = this.#data
    try {
      await this.#client.setData(this.#path as string, newest.data)
      this.#data.written(newest)
    } catch (error) {
      if (isZnodeError(error, ZK_ERRORS.NO_NODE)) return false
      if (!this.#data.refused(newest, error)) throw error
    }
    return this.#data.isWritten
  }

  /** Writes the child that keeps it from its TTL, if that is due: not yet behind the write that it begins with. */
  async #touch(ttlMs: number): Promise<void> {
    const { clock } = this.#client
    const everyMs = ttlMs / TOUCHES_PER_TTL
    const isFirst = this.#touchedMs === Number.NEGATIVE_INFINITY
    const leftMs = isFirst ? 0 : this.#touchedMs + everyMs - clock.monotonic()
    // A timer may be early by what its turn of the event loop had taken when it was set.
    if (leftMs > 0) return this.#touchIn(leftMs)
    const child = childOf(this.#path as string, TOUCH)
    try {
      if (!isFirst) await this.#client.setData(child, null)
    } catch (error) {
      if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
      await this.#createTouch(child, ttlMs)
    }
    this.#touchedMs = clock.monotonic()
    this.#touchIn(everyMs)
  }

  #touchIn(ms: number): void {
    this.#cancelTouch()
    this.#cancelTouch = this.#client.clock.after(ms, this.#options.wake)
  }

  async #createTouch(child: string, ttlMs: number): Promise<void> {
    try {
      await this.#client.create(child, null, { mode: 'ttl', ttlMs })
    } catch (error) {
      // Another one was faster, or it is gone: the next touch is soon enough.
      if (isZnodeError(error, ZK_ERRORS.NODE_EXISTS)) return
      if (!isZnodeError(error, ZK_ERRORS.NO_NODE)) throw error
    }
  }
}
