/**
 * Members that begin together and end together: Curator's DistributedDoubleBarrier and kazoo's DoubleBarrier. Each is an
 * ephemeral; the znode `ready` lets in those that wait. Source: ZooKeeper recipes, "Double Barriers". Neighbours: place,
 * until-gone, barrier.
 */
import { systemRandom } from '../../base/clock.ts'
import { optionNames, shown } from '../../base/known-options.ts'
import { isZnodeError, ZK_ERRORS } from '../../model/errors.ts'
import { childOf } from '../../model/path.ts'
import { EVENT } from '../../model/request.ts'
import { deleteIfThere } from '../protected-create.ts'
import { newHex, newUuid } from '../protected-name.ts'
import type { WatchEvent } from '../watches.ts'
import type { ZooKeeper } from '../zookeeper.ts'
import { checkLinePath, parentModeOf } from './contend.ts'
import { type ContenderLayout, checkLayout } from './contender-name.ts'
import type { Held } from './holding.ts'
import { type OwnZnode, type OwnZnodes, removeOwn } from './own-znode.ts'
import { takePlace } from './place.ts'
import { dataOf, readOptions } from './recipe-options.ts'
import { childrenOf, throughOutages, untilGone } from './until-gone.ts'
import { type WaitOptions, WaitScope } from './wait-scope.ts'

const READY = 'ready'
/** A UUID, with or without its hyphens: what Curator, kazoo and this one draw. */
const MEMBER = /^[\da-f]{8}(-?)(?:[\da-f]{4}\1){3}[\da-f]{12}$/i

/** Options of {@link DoubleBarrier}. */
export interface DoubleBarrierOptions {
  /** Members that begin when all of them have entered, the same for all: an integer, 1 or more. */
  readonly memberCount: number
  /**
   * When `ready` is deleted: in layout curator by the last one that leaves, in layout kazoo by the first. Beside members
   * of the other kind some could wait for ever. @default 'curator'
   */
  readonly layout?: ContenderLayout
  /** What others read of this member; kazoo's identifier. @default null */
  readonly data?: Uint8Array | null
}

const OPTIONS = optionNames<DoubleBarrierOptions>({ memberCount: true, layout: true, data: true })

/**
 * One member. `await using inside = await barrier.enter({ timeoutMs, signal })`, the work, then `await barrier.leave()`.
 * `memberCount` is a threshold: whoever comes later enters immediately. Unlike Curator's and kazoo's, `ready` is an
 * ephemeral of the member that was the last to come, so it does not stay when all of them are gone. The path is made when
 * missing, as a container, or in layout kazoo persistent. A child counts as a member if its name is a UUID, as theirs are.
 */
export class DoubleBarrier {
  readonly #client: ZooKeeper
  readonly #path: string
  readonly #ready: string
  readonly #options: Required<DoubleBarrierOptions>
  #inside: { readonly name: string; readonly held: Held } | undefined
  #isEntering = false

  /**
   * @throws {TypeError} the path is invalid, or the root; an option is not known, or not valid
   * @throws {RangeError} `memberCount` is no integer, or below 1
   */
  constructor(client: ZooKeeper, path: string, options: DoubleBarrierOptions) {
    checkLinePath(path)
    const given = readOptions<DoubleBarrierOptions>(options, OPTIONS)
    const { memberCount = 0, layout = 'curator' } = given
    if (!Number.isInteger(memberCount) || memberCount < 1) {
      throw new RangeError(
        `memberCount must be an integer, 1 or more, got ${shown(given.memberCount)}`,
      )
    }
    this.#client = client
    this.#path = path
    this.#ready = childOf(path, READY)
    this.#options = { memberCount, layout: checkLayout(layout), data: dataOf(given.data) }
  }

  /**
   * Waits until all members have entered. What it resolves with is held while this one is a member: lost with its session
   * or its znode; its release leaves without waiting for the others. A wait that is given up leaves no znode behind; one
   * whose znode another client deletes makes a new one.
   * @throws the signal's reason; {ZnodeError} as Mutex.acquire()
   * @throws {TypeError} `timeoutMs` is not above 0
   * @throws {Error} it has entered, or is entering, and not left
   */
  async enter(options: WaitOptions = {}): Promise<Held> {
    if (this.#isEntering || this.#inside?.held.signal.aborted === false) {
      throw new Error(`it has entered already: ${this.#path}`)
    }
    const scope = new WaitScope(this.#client, this.#path, options)
    this.#isEntering = true
    try {
      const { layout } = this.#options
      const name = layout === 'kazoo' ? newHex(systemRandom) : newUuid(systemRandom)
      const own = this.#own(name)
      const holding = await scope.run(async () => {
        await this.#removeStale(scope)
        return takePlace(own, scope, {
          isIn: ([first]) => this.#isComplete(name, first, scope),
          onIn: () => scope.close(),
          remove: () => this.#remove(own),
        })
      })
      const held = holding.enter()
      this.#inside = { name, held }
      return held
    } finally {
      this.#isEntering = false
    }
  }

  /**
   * Waits until all have left that were members when it was called. This one has left whatever comes of it, and may
   * enter again.
   * @throws the signal's reason; {ZnodeError} ZK_OPERATION_TIMEOUT, ZK_SESSION_EXPIRED, ZK_NO_AUTH
   * @throws {TypeError} `timeoutMs` is not above 0
   * @throws {Error} it has not entered
   */
  async leave(options: WaitOptions = {}): Promise<void> {
    const inside = this.#inside
    if (inside === undefined) throw new Error(`it has not entered: ${this.#path}`)
    const scope = new WaitScope(this.#client, this.#path, options)
    this.#inside = undefined
    try {
      await scope.run(() => this.#untilAllLeft(inside.name, inside.held, scope))
      scope.close()
    } finally {
      inside.held.release().catch(() => {})
    }
  }

  #own(name: string): OwnZnodes {
    const { layout, data } = this.#options
    return {
      client: this.#client,
      parent: this.#path,
      prefix: name,
      names: [name],
      mode: 'ephemeral',
      data,
      parentMode: parentModeOf(layout),
    }
  }

  async #members(scope: WaitScope): Promise<string[]> {
    const names = await childrenOf(this.#client, this.#path, scope)
    return membersOf(names).toSorted()
  }

  /** A `ready` without members is left from some that are gone, and would let in this one alone. */
  async #removeStale(scope: WaitScope): Promise<void> {
    const names = await childrenOf(this.#client, this.#path, scope)
    if (membersOf(names).length > 0 || !names.includes(READY)) return
    await throughOutages(this.#client, scope, () => deleteIfThere(this.#client, this.#ready))
  }

  /** Resolves when it may begin. false: its znode was deleted. */
  async #isComplete(name: string, own: OwnZnode | undefined, scope: WaitScope): Promise<boolean> {
    const client = this.#client
    // What is seen once stays true: kazoo's members delete `ready` as soon as they leave.
    let isReady = false
    const onReady = ({ type }: WatchEvent): void => {
      if (type === EVENT.NodeCreated) isReady = true
      scope.wake()
    }
    own?.watch(scope.wake)
    try {
      for (;;) {
        scope.throwIfEnded()
        scope.sleep()
        const ready = await throughOutages(client, scope, () => client.exists(this.#ready, onReady))
        const members = await this.#members(scope)
        if (own?.isGone !== false || !members.includes(name)) return false
        if (isReady || ready !== undefined) return true
        if (members.length < this.#options.memberCount) {
          await scope.woken()
          continue
        }
        await this.#letIn(scope)
        isReady = true
      }
    } finally {
      own?.watch(undefined)
      client.unwatch(this.#ready, onReady)
    }
  }

  /** After an unknown outcome all of it is looked at again. */
  async #letIn(scope: WaitScope): Promise<void> {
    await throughOutages(this.#client, scope, async () => {
      try {
        await this.#client.create(this.#ready, null, { mode: 'ephemeral' })
      } catch (error) {
        if (!isZnodeError(error, ZK_ERRORS.NODE_EXISTS)) throw error
      }
    })
  }

  /** The one with the lowest name leaves last, and the others wait for it. */
  async #untilAllLeft(name: string, held: Held, scope: WaitScope): Promise<void> {
    const client = this.#client
    if (this.#options.layout === 'kazoo') {
      await throughOutages(client, scope, () => deleteIfThere(client, this.#ready))
    }
    // Those that enter again meanwhile are not waited for: they wait for this one.
    const left = new Set<string>()
    const first = await this.#members(scope)
    for (;;) {
      scope.throwIfEnded()
      scope.sleep()
      const now = new Set(await this.#members(scope))
      const members = first.filter((one) => now.has(one) && !left.has(one))
      const others = members.filter((one) => one !== name)
      const isLast = members[0] === name
      const awaited = isLast ? others.at(-1) : others[0]
      if (!isLast || awaited === undefined) await scope.race(held.release())
      if (awaited === undefined) return
      if (await untilGone(client, childOf(this.#path, awaited), scope)) left.add(awaited)
    }
  }

  /** Its own znode, and `ready` behind the last member. */
  async #remove(own: OwnZnodes): Promise<void> {
    const client = this.#client
    await removeOwn(own)
    try {
      const { children } = await client.getChildren(this.#path)
      const isLast = membersOf(children).length === 0 && children.includes(READY)
      if (isLast) await deleteIfThere(client, this.#ready)
    } catch {
      // It is found by the next one that enters, or goes with its session.
    }
  }
}

/** What others have put there is no member: nobody begins too early because of it, or waits for it. */
const membersOf = (names: readonly string[]): string[] => names.filter((name) => MEMBER.test(name))
