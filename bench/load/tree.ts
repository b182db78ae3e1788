/** What a load needs to be there before it runs, and the removal of what it left. Neighbour: loads. */
import { Link, type Target } from './link.ts'
import { CONNECTIONS, childName, DATA, FIXED_PATHS } from './loads.ts'
import { create, multiDelete, remove } from './wire.ts'

const DELETES_PER_MULTI = 100
const NODE_EXISTS = -110

export class TreeKeeper {
  readonly #link: Link
  #problems = new Map<number, number>()
  #idle: (() => void) | undefined

  constructor(target: Target) {
    this.#link = new Link(target, -1, {
      replied: (link, errno) => {
        if (errno !== 0) this.#problems.set(errno, (this.#problems.get(errno) ?? 0) + 1)
        if (link.outstanding === 0) this.#idle?.()
      },
      event() {},
    })
  }

  /** Errnos met, with their counts. */
  async #send(packets: readonly Buffer[]): Promise<ReadonlyMap<number, number>> {
    await this.#link.opened
    this.#problems = new Map()
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    for (const packet of packets) this.#link.put(packet)
    this.#link.flush()
    if (packets.length > 0) await idle
    return this.#problems
  }

  async prepare(): Promise<void> {
    const problems = await this.#send(FIXED_PATHS.map((path) => create(path, DATA)))
    const other = [...problems.keys()].filter((errno) => errno !== NODE_EXISTS)
    if (other.length > 0) throw new Error(`the tree cannot be made: errno ${other}`)
  }

  /** Fresh parents, one for each connection. */
  async makeParents(): Promise<string[]> {
    const run = `${Date.now().toString(36)}${process.pid}`
    const parents = Array.from({ length: CONNECTIONS }, (_, i) => `/bench/${run}-${10 + i}`)
    const problems = await this.#send(parents.map((path) => create(path, DATA)))
    if (problems.size > 0) throw new Error(`no parents: errno ${[...problems.keys()]}`)
    return parents
  }

  /** Removes children c0, c1, … until none is there any more, then the parents. */
  async removeParents(parents: readonly string[]): Promise<void> {
    for (const parent of parents) {
      for (let from = 0; ; from += DELETES_PER_MULTI * 50) {
        const gone = await this.#removeChildren(parent, from, 50)
        if (gone < 50) break
      }
    }
    await this.#send(parents.map(remove))
  }

  /** Multis that are answered without an error say nothing of single operations: a probe does. */
  async #removeChildren(parent: string, from: number, multis: number): Promise<number> {
    const probes = await this.#send([
      remove(`${parent}/${childName(from + DELETES_PER_MULTI * multis - 1)}`),
    ])
    const whole = probes.size === 0
    if (whole) {
      const names = (i: number) =>
        Array.from(
          { length: DELETES_PER_MULTI - (i === multis - 1 ? 1 : 0) },
          (_, n) => `${parent}/${childName(from + i * DELETES_PER_MULTI + n)}`,
        )
      await this.#send(Array.from({ length: multis }, (_, i) => multiDelete(names(i))))
      return multis
    }
    const rest = Array.from({ length: DELETES_PER_MULTI * multis }, (_, n) =>
      remove(`${parent}/${childName(from + n)}`),
    )
    await this.#send(rest)
    return 0
  }

  async close(): Promise<void> {
    await this.#link.close()
  }
}
