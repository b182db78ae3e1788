/**
 * Membership in a group, for as long as the member runs: Curator's GroupMember, kazoo's Party and ShallowParty.
 * Neighbours: persistent-node, group-view.
 */
import { systemRandom } from '../../base/clock.ts'
import { optionNames } from '../../base/known-options.ts'
import { childOf } from '../../model/path.ts'
import {
  checkCallback,
  checkData,
  checked,
  checkOptions,
  checkPath,
  checkText,
  checkWord,
} from '../arguments.ts'
import { newHex } from '../protected-name.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { CallbackReporter } from './callback-reporter.ts'
import { checkLinePath } from './contend.ts'
import {
  type GroupLayout,
  type GroupMembers,
  GroupWatch,
  isSameGroup,
  memberName,
  readMembers,
} from './group-view.ts'
import { LiveLoop } from './live-loop.ts'
import { PersistentNode } from './persistent-node.ts'
import { checkWait, type WaitOptions } from './wait-scope.ts'

/** Options of {@link GroupMember}. */
export interface GroupOptions {
  /** @default 'curator' */
  readonly layout?: GroupLayout
  /** What others read of this member: bytes, copied. In layout curator only. @default none */
  readonly data?: Uint8Array | null
  /** Called with all members once it has started, and after each change that it sees; several changes may come as one. */
  readonly onChange?: (members: GroupMembers) => void
  /**
   * A callback threw (CallbackError); a member of the same id is there (ZK_NODE_EXISTS: its end is waited for); or the
   * membership has ended, as {@link PersistentNode}'s. Without this option an error that ends it, and that no promise rejects with, is
   * thrown in a task of its own.
   */
  readonly onError?: (error: unknown) => void
}

const OPTIONS = optionNames<GroupOptions>({
  layout: true,
  data: true,
  onChange: true,
  onError: true,
})

/**
 * One member, an ephemeral. It joins again when its znode was deleted, and with the session that follows a lost one. The path has
 * members for children and nothing else; it is made when missing, as a container, or in the layouts of kazoo persistent.
 */
export class GroupMember implements AsyncDisposable {
  /** Of this member, as others see it. */
  readonly id: string
  readonly #client: ZooKeeper
  readonly #path: string
  readonly #layout: GroupLayout
  readonly #node: PersistentNode
  readonly #view: LiveLoop | undefined
  #watch: GroupWatch | undefined

  /**
   * `id`: in layout curator and kazoo-shallow a name without "/", in layout curator unique in the group.
   * @throws {TypeError} the path is invalid, or the root; data in a layout of kazoo; {ZnodeError} ZK_BAD_ARGUMENTS: the id
   * or an option is not valid
   */
  constructor(client: ZooKeeper, path: string, id: string, options: GroupOptions = {}) {
    checkLinePath(path)
    const { layout, name, data, onChange, onError } = checked(() => {
      const given = checkOptions(options, OPTIONS) as Partial<GroupOptions>
      const words = ['curator', 'kazoo', 'kazoo-shallow'] as const
      const known = checkWord(given.layout ?? 'curator', words, 'layout')
      checkData(given.data ?? null)
      return {
        layout: known,
        name: memberName(known, checkText(id, 'id', 'a string'), newHex(systemRandom)),
        data: given.data,
        onChange: checkCallback(given.onChange, 'onChange'),
        onError: checkCallback(given.onError, 'onError'),
      }
    })
    if (name.includes('/')) throw new TypeError(`an id has no "/": "${id}"`)
    checkPath(childOf(path, name))
    if (layout !== 'curator' && data !== undefined) {
      throw new TypeError(`the data of a member in layout ${layout} are its id`)
    }
    this.id = id
    this.#client = client
    this.#path = path
    this.#layout = layout
    this.#node = new PersistentNode(client, childOf(path, name), {
      data: layout === 'curator' ? (data ?? null) : Buffer.from(id),
      parents: layout === 'curator' ? 'container' : 'persistent',
      ...(onError !== undefined && { onError }),
    })
    this.#view = onChange === undefined ? undefined : this.#viewFor(onChange, onError)
  }

  /** It is no member any more, and does not join again. */
  get isClosed(): boolean {
    return this.#node.isClosed
  }

  /**
   * Joins, once, and waits until it is a member. A wait that is given up ends nothing else.
   * @throws as {@link PersistentNode.start}
   */
  async start(options: WaitOptions = {}): Promise<void> {
    const wait = checkWait(options)
    if (!this.isClosed) this.#view?.start()
    await this.#node.start(wait)
  }

  /** Replaces its data. @throws {TypeError} in a layout of kazoo; as {@link PersistentNode.setData} */
  setData(data: Uint8Array | null, options: WaitOptions = {}): Promise<void> {
    if (this.#layout === 'curator') return this.#node.setData(data, options)
    return Promise.reject(new TypeError('the data of a member in a layout of kazoo are its id'))
  }

  /** All members as of now; also before start() and after close(). @throws {ZnodeError} */
  members(): Promise<GroupMembers> {
    return readMembers(this.#client, this.#path, this.#layout)
  }

  /** Leaves the group; `onChange` is not called any more. @throws as {@link PersistentNode.close} */
  async close(): Promise<void> {
    // A step of it may wait for the store, and set watches.
    void this.#view?.close().then(() => this.#watch?.end())
    await this.#node.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #viewFor(
    onChange: (members: GroupMembers) => void,
    onError: ((error: unknown) => void) | undefined,
  ): LiveLoop {
    const report = new CallbackReporter(this.#client, onError)
    let last: GroupMembers | undefined
    const view = new LiveLoop(this.#client, {
      step: async () => {
        const members = await readMembers(this.#client, this.#path, this.#layout, watch)
        if (view.isClosed || (last !== undefined && isSameGroup(last, members))) return
        last = members
        report.notify(onChange, members, 'onChange')
      },
      onRefused: (error) => report.offer(error),
      onEnded: (error) => {
        // With the session the membership ends too, and reports it.
        if (!this.isClosed && (error as { code?: unknown }).code !== 'ZK_SESSION_EXPIRED') {
          report.report(error)
        }
      },
    })
    const watch = new GroupWatch(this.#client, view.wake)
    this.#watch = watch
    return view
  }
}
