/** What a load needs to be there before it runs, and the removal of what it left. Neighbour: fixture. */
import { DATA, type Family, type Fixture, nodeName } from './fixture.ts'
import { Link, type Target } from './link.ts'
import { create, exists, multiCreate, multiDelete, remove, sync } from './wire.ts'

/** Operations of one multi, and bytes: jute.maxbuffer is 1 MiB. */
const MULTI_OPERATIONS = 100
const MULTI_BYTES = 256 * 1024
/** Sent before the answers are waited for. Unit bytes. */
const PORTION_BYTES = 2 * 1024 * 1024

const NODE_EXISTS = -110
const NO_NODE = -101

type Errnos = readonly number[]

export class TreeKeeper {
  readonly #link: Link
  readonly #others: readonly Target[]
  #errnos: number[] = []
  #idle: (() => void) | undefined

  /** @param targets servers of one tree; the first is written to. */
  constructor([target, ...others]: readonly Target[]) {
    this.#others = others
    this.#link = keeperLink(target!, (errno, outstanding) => {
      this.#errnos.push(errno)
      if (outstanding === 0) this.#idle?.()
    })
  }

  /** One errno for each packet, in order. */
  async #send(packets: readonly Buffer[]): Promise<Errnos> {
    await this.#link.opened
    if (packets.length === 0) return []
    this.#errnos = []
    const idle = new Promise<void>((resolve) => {
      this.#idle = resolve
    })
    for (const packet of packets) this.#link.put(packet)
    this.#link.flush()
    await idle
    return this.#errnos
  }

  /** In portions: a whole tree would fill the sockets' buffers. */
  async #sendAll(packets: Iterable<Buffer>, good: Errnos, what: string): Promise<void> {
    let portion: Buffer[] = []
    let bytes = 0
    const flush = async () => {
      const bad = (await this.#send(portion)).filter((errno) => !good.includes(errno))
      if (bad.length > 0) throw new Error(`${what}: errno ${[...new Set(bad)]}`)
      portion = []
      bytes = 0
    }
    for (const packet of packets) {
      portion.push(packet)
      bytes += packet.length
      if (bytes >= PORTION_BYTES) await flush()
    }
    await flush()
  }

  /** Afterwards every server has seen it. */
  async prepare({ paths, family }: Fixture): Promise<void> {
    // One after the other: none may be created before its parent.
    await this.#sendAll(
      paths.map((path) => create(path, DATA)),
      [0, NODE_EXISTS],
      'the tree cannot be made',
    )
    if (family !== undefined) await this.#prepareFamily(family)
    await this.#syncOthers()
  }

  async #prepareFamily({ parents, children, data }: Family): Promise<void> {
    if (children === 0) return
    const last = (parent: string) => exists(`${parent}/${nodeName(children - 1)}`)
    const found = await this.#send(parents.map(last))
    const missing = parents.filter((_, i) => found[i] !== 0)
    if (missing.length === 0) return
    const perMulti = Math.max(1, Math.min(MULTI_OPERATIONS, Math.floor(MULTI_BYTES / data.length)))
    const packets = function* () {
      for (const parent of missing) {
        for (let from = 0; from < children; from += perMulti) {
          const count = Math.min(perMulti, children - from)
          const names = Array.from({ length: count }, (_, i) => `${parent}/${nodeName(from + i)}`)
          yield multiCreate(names, data)
        }
      }
    }
    await this.#sendAll(packets(), [0], 'the children cannot be made')
    // A failed multi has no error in its header: so look for the last child of each parent.
    await this.#sendAll(missing.map(last), [0], 'the children were not made')
  }

  async #syncOthers(): Promise<void> {
    for (const target of this.#others) {
      await new Promise<void>((resolve, reject) => {
        const link = keeperLink(target, () => link.close().then(resolve, reject))
        link.opened.then(() => link.send(sync('/')), reject)
      })
    }
  }

  /** Fresh and empty ones. */
  async makeParents(below: string, count: number): Promise<string[]> {
    const run = `${Date.now().toString(36)}${process.pid.toString(36)}`
    const parents = Array.from({ length: count }, (_, i) => `${below}/${run}-${10 + i}`)
    await this.#sendAll(
      parents.map((path) => create(path, DATA)),
      [0],
      'no parents',
    )
    await this.#syncOthers()
    return parents
  }

  /** @param exactly all of them are there, so they go by multis. */
  async remove(paths: Iterable<string>, exactly: boolean): Promise<void> {
    const packets = function* () {
      let batch: string[] = []
      for (const path of paths) {
        if (!exactly) yield remove(path)
        else if (batch.push(path) === MULTI_OPERATIONS) {
          yield multiDelete(batch)
          batch = []
        }
      }
      if (batch.length > 0) yield multiDelete(batch)
    }
    await this.#sendAll(packets(), exactly ? [0] : [0, NO_NODE], 'cannot be removed')
  }

  async removeParents(parents: readonly string[]): Promise<void> {
    await this.#sendAll(parents.map(remove), [0], 'the parents cannot be removed')
  }

  async close(): Promise<void> {
    await this.#link.close()
  }
}

function keeperLink(target: Target, replied: (errno: number, outstanding: number) => void): Link {
  return new Link(target, -1, {
    replied: (link, errno) => replied(errno, link.outstanding),
    event() {},
  })
}
