/**
 * A znode that stays there, with its data, while its owner runs: created again when it was deleted or its session was
 * replaced. Curator's PersistentNode and PersistentTtlNode. Neighbours: kept-znode, live-loop, group-member.
 */
import { systemRandom } from '../../base/clock.ts'
import { optionNames } from '../../base/known-options.ts'
import type { Acl } from '../../model/request.ts'
import {
  badArgument,
  checkAcl,
  checkCallback,
  checkData,
  checked,
  checkOptions,
  checkTtlMs,
  checkWord,
} from '../arguments.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { CallbackReporter } from './callback-reporter.ts'
import { Changes } from './changes.ts'
import { checkLinePath } from './contend.ts'
import { newPrefix } from './contender-name.ts'
import { KeptZnode, PERSISTENT_NODE_MODES, type PersistentNodeMode } from './kept-znode.ts'
import { LiveLoop } from './live-loop.ts'
import { orSessionEnd } from './session-end.ts'
import { isClosed } from './session-return.ts'
import { checkWait, type WaitOptions } from './wait-scope.ts'

/** Options of {@link PersistentNode}. */
export interface PersistentNodeOptions {
  /** Bytes, copied. @default none */
  readonly data?: Uint8Array | null
  /** @default 'ephemeral' */
  readonly mode?: PersistentNodeMode
  /** For the mode ttl, and needed there: ms, an integer from 1 to 2⁴⁰ − 1. */
  readonly ttlMs?: number
  /** @default world:anyone may do anything */
  readonly acl?: readonly Acl[]
  /** How parents that are missing are made. @default 'container' */
  readonly parents?: 'container' | 'persistent'
  /** Called with its path each time that it was created. */
  readonly onCreated?: (path: string) => void
  /**
   * A callback threw (CallbackError); another client's ephemeral is in the place (ZK_NODE_EXISTS, once each: it is waited
   * for its end); the store refused the znode for now; or {@link PersistentNode.isClosed}, because the failure is permanent or no
   * session follows. Without this option an error that closes it, and that no promise rejects with, is thrown in a task of its own.
   */
  readonly onError?: (error: unknown) => void
}

const OPTIONS = optionNames<PersistentNodeOptions>({
  data: true,
  mode: true,
  ttlMs: true,
  acl: true,
  parents: true,
  onCreated: true,
  onError: true,
})

/** `await using node = new PersistentNode(client, path, options); await node.start()` */
export class PersistentNode implements AsyncDisposable {
  readonly #client: ZooKeeper
  readonly #kept: KeptZnode
  readonly #report: CallbackReporter
  readonly #changes: Changes
  readonly #loop: LiveLoop
  #isStarted = false
  #failure: { readonly error: unknown } | undefined
  #removed: Promise<void> | undefined

  /**
   * @throws {TypeError} the path is invalid, or the root; {ZnodeError} ZK_BAD_ARGUMENTS, ZK_INVALID_ACL: an option is
   * not valid
   */
  constructor(client: ZooKeeper, path: string, options: PersistentNodeOptions = {}) {
    checkLinePath(path)
    const { onCreated, onError, ...known } = checked(() => {
      const given = checkOptions(options, OPTIONS) as Partial<PersistentNodeOptions>
      const { data = null, parents = 'container', ttlMs, acl } = given
      checkData(data)
      const mode = checkWord(given.mode ?? 'ephemeral', PERSISTENT_NODE_MODES, 'mode')
      if (mode !== 'ttl' && ttlMs !== undefined) throw badArgument('ttlMs is for mode ttl only')
      return {
        data,
        mode,
        ttlMs: mode === 'ttl' ? checkTtlMs(ttlMs) : undefined,
        acl: acl === undefined ? undefined : checkAcl(acl),
        parentMode: checkWord(parents, ['container', 'persistent'] as const, 'parents'),
        onCreated: checkCallback(given.onCreated, 'onCreated'),
        onError: checkCallback(given.onError, 'onError'),
      }
    })
    this.#client = client
    this.#report = new CallbackReporter(client, onError)
    this.#changes = new Changes(client, path)
    this.#loop = new LiveLoop(client, {
      step: () => this.#kept.keep(),
      onRefused: (error) => this.#report.offer(error),
      onEnded: (error) => this.#fail(error),
    })
    this.#kept = new KeptZnode(client, path, {
      ...known,
      prefix: newPrefix('curator', systemRandom),
      wake: this.#loop.wake,
      onKept: () => this.#changes.notify(),
      onCreated: (created) => {
        if (onCreated !== undefined) this.#report.notify(onCreated, created, 'onCreated')
      },
      onForeign: (error) => this.#report.offer(error),
    })
  }

  /** Where it is; undefined: it is sequential, and was not created yet. */
  get path(): string | undefined {
    return this.#kept.path
  }

  /** What is, or will be, its data. */
  get data(): Uint8Array | null {
    return this.#kept.data
  }

  /** It is not created again. */
  get isClosed(): boolean {
    return this.#loop.isClosed
  }

  /**
   * Begins to keep it, once, and waits as waitForCreate() does. A wait that is given up ends nothing else.
   * @throws as waitForCreate()
   */
  async start(options: WaitOptions = {}): Promise<void> {
    const wait = checkWait(options)
    if (!this.#isStarted && !this.isClosed) {
      this.#isStarted = true
      this.#loop.start()
    }
    await this.waitForCreate(wait)
  }

  /**
   * Resolves when it was there for the first time, with its data.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT; why it is closed; {Error} it was closed
   */
  waitForCreate(options: WaitOptions = {}): Promise<void> {
    return this.#changes.until(() => {
      if (!this.#kept.wasKept) this.#throwIfClosed()
      return this.#kept.wasKept
    }, options)
  }

  /**
   * Replaces its data: bytes, copied. Resolves when they are written. A later call replaces data that are not written yet. What
   * another client writes stays until the next call, or until it is created again.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT (they will be written nevertheless), ZK_BAD_ARGUMENTS and
   * ZK_QUOTA_EXCEEDED (they are too large, and those of before stay); why it is closed; {Error} it was closed
   */
  async setData(data: Uint8Array | null, options: WaitOptions = {}): Promise<void> {
    checked(() => checkData(data))
    const wait = checkWait(options)
    this.#throwIfClosed()
    const isWritten = this.#kept.setData(data)
    this.#loop.wake()
    await this.#changes.until(() => {
      if (!isWritten()) this.#throwIfClosed()
      return isWritten()
    }, wait)
  }

  /**
   * Deletes it; in mode ttl it is left to its TTL. Resolves when it is deleted, or its session has ended or may have; in the last case
   * it is deleted as soon as the store is back. May be called again.
   * @throws {ZnodeError} ZK_NOT_EMPTY, ZK_NO_AUTH: it stays; ZK_SESSION_EXPIRED: it is no ephemeral, and no session follows to delete it
   */
  close(): Promise<void> {
    if (this.#removed === undefined) {
      const ended = this.#loop.close()
      this.#changes.notify()
      this.#removed = ended.then(() => this.#kept.remove())
    }
    // Nothing is deleted any more: whether one stays is known.
    if (this.#client.isEnded || this.#client.closing.aborted) return this.#removed
    return orSessionEnd(this.#client, this.#removed)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #throwIfClosed(): void {
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.isClosed) throw new Error('the node is closed')
  }

  #fail(error: unknown): void {
    this.#failure = { error }
    const isRejected = this.#changes.isAwaited || isClosed(this.#client)
    if (!isRejected || !this.#report.isSilent) this.#report.report(error)
    this.#changes.notify()
  }
}
