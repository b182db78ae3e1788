/**
 * One scene of the table of what lives on: two clients, each with one of the same recipe. What must hold is looked at
 * whenever the scene waits. Neighbours: living-scenes, living-faults, recipe-play (the beds).
 */
import { expect } from 'chai'
import { type Held, type Stat, walk } from '../../lib/index.ts'
import { LINE, type Life, type Living } from './living-scenes.ts'
import { outcomeOf } from './recipe-bench.ts'
import { type Bed, type Seat, throughOutages } from './recipe-play.ts'

/** One of the two. */
export interface Side {
  readonly id: string
  readonly seat: Seat
  readonly life: Life
  readonly errors: unknown[]
  /** Thrown by its next callback. */
  fault: Error | undefined
}

interface Found {
  readonly path: string
  readonly stat: Stat
}

export class LivingPlay {
  readonly bed: Bed
  readonly living: Living
  readonly first: Side
  readonly second: Side
  /** Sees all, and is never harmed. */
  readonly observer: Seat
  /** The loss of a leadership is an event in flight, which nobody waits for: only its token is too old. */
  isLossInFlight = false
  #token = 0
  readonly #violations: string[] = []

  constructor(bed: Bed, living: Living, seats: readonly [Seat, Seat, Seat]) {
    this.bed = bed
    this.living = living
    this.observer = seats[2]
    this.first = this.#side(seats[0], 'first')
    this.second = this.#side(seats[1], 'second')
  }

  get sides(): readonly Side[] {
    return [this.first, this.second]
  }

  #side(seat: Seat, id: string): Side {
    const errors: unknown[] = []
    const throwIfFaulty = (): void => {
      const { fault } = side
      side.fault = undefined
      if (fault !== undefined) throw fault
    }
    const life = this.living.open(seat.client, id, {
      onLead: (held) => {
        this.#elected(held)
        throwIfFaulty()
      },
      onSeen: throwIfFaulty,
      onError: (error) => errors.push(error),
    })
    const side: Side = { id, seat, errors, fault: undefined, life }
    return side
  }

  #elected(held: Held): void {
    if (held.token <= this.#token) this.#violations.push(`${held.token} after ${this.#token}`)
    this.#token = held.token
    this.#look()
  }

  #look(): void {
    const leads = this.sides.filter(({ life }) => life.lead?.isHeld === true)
    if (leads.length > 1 && !this.isLossInFlight) this.#violations.push('two lead')
  }

  async until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    await this.bed.until(what, () => {
      this.#look()
      return check()
    })
  }

  async settles(promise: Promise<unknown>, how = 'done'): Promise<void> {
    const outcome = outcomeOf(promise)
    await this.until('an end', () => outcome.now !== 'pending')
    expect(outcome.now).to.equal(how)
  }

  /** Both live, one after the other. */
  async begin(): Promise<void> {
    await this.settles(this.first.life.start())
    await this.isWell([this.first])
    await this.settles(this.second.life.start())
    await this.isWell()
  }

  /** All znodes of the line, as the observer has them. */
  async znodes(): Promise<readonly Found[]> {
    const { client } = this.observer
    return throughOutages(this.bed, client, async () => {
      await client.sync()
      const found: Found[] = []
      for await (const one of walk(client, LINE)) if (one.path !== LINE) found.push(one)
      return found
    })
  }

  /** Of one side, with the session that it has now. */
  async own({ id, seat }: Side): Promise<readonly Found[]> {
    const all = await this.znodes()
    return all.filter(({ path, stat }) => this.living.isOwn(seat.client, id, path, stat))
  }

  async czxid(side: Side): Promise<number> {
    const [own] = await this.own(side)
    if (own === undefined) throw new Error(`no znode of ${side.id}`)
    return own.stat.czxid
  }

  /** Each of them has one znode, nobody else has any, and one leads if one is to. */
  async isWell(sides: readonly Side[] = this.sides): Promise<void> {
    let seen = ''
    const check = async (): Promise<boolean> => {
      const all = await this.znodes()
      const counts = sides.map(({ id, seat }) => {
        return all.filter(({ path, stat }) => this.living.isOwn(seat.client, id, path, stat)).length
      })
      const leads = sides.filter(({ life }) => life.lead !== undefined).length
      seen = `${all.length} znodes, own: ${counts}, leads: ${leads}`
      const isLed = !this.living.isExclusive || leads === (sides.length === 0 ? 0 : 1)
      return all.length === sides.length && counts.every((count) => count === 1) && isLed
    }
    try {
      await this.until('all is well', check)
    } catch (error) {
      throw new Error(`not well: ${seen}`, { cause: error })
    }
  }

  /** The server has ended a session. */
  async isOver(sessionId: bigint): Promise<void> {
    await this.until('the end of a session', async () =>
      (await this.znodes()).every(({ stat }) => stat.ephemeralOwner !== sessionId),
    )
  }

  /** All of it is given back. */
  async end(): Promise<void> {
    for (const { seat } of this.sides) seat.mend()
    for (const { life } of this.sides) {
      const outcome = outcomeOf(life.close())
      await this.until('an end of its life', () => outcome.now !== 'pending')
    }
    await this.isWell([])
    expect(this.#violations).to.deep.equal([])
  }
}
