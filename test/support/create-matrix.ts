/**
 * Protected creates × faults, as a table. What always holds: one znode, or none and an error that says so; nothing of a create that
 * was given up stays. Neighbours: matrix-cells, recipe-play (the beds).
 */
import { expect } from 'chai'
import { type CreateMode, OPEN_ACL, PERMS, type ZnodeError } from '../../lib/index.ts'
import type { Cell } from './matrix-cells.ts'
import { outcomeOf } from './recipe-bench.ts'
import {
  type Bed,
  deleted,
  onlooker,
  openRoom,
  ROOM,
  type Seat,
  shortMs,
  throughOutages,
} from './recipe-play.ts'

const DIR = `${ROOM}/dir`
const DATA = Buffer.from('mine')
const NAME =
  /^\/room\/dir\/_c_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-x(\d{10})?$/

const MODES = [
  'persistent',
  'ephemeral',
  'persistent-sequential',
  'ephemeral-sequential',
  'container',
] as const satisfies readonly CreateMode[]

class CreatePlay {
  readonly bed: Bed
  readonly mode: (typeof MODES)[number]
  readonly seat: Seat
  readonly observer: Seat

  constructor(bed: Bed, mode: CreatePlay['mode'], seat: Seat, observer: Seat) {
    this.bed = bed
    this.mode = mode
    this.seat = seat
    this.observer = observer
  }

  get isEphemeral(): boolean {
    return this.mode.startsWith('ephemeral')
  }

  async begun(options?: Parameters<CreatePlay['begin']>[0]) {
    await this.connected()
    return this.begin(options)
  }

  begin(options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {}) {
    const client = this.seat.client.with(options)
    const made = client.create(`${DIR}/x`, DATA, { mode: this.mode, protected: true })
    return { made, outcome: outcomeOf(made) }
  }

  /** Begins one whose answer does not come: it is applied, or its request waits with the outage. */
  async lost(isApplied: boolean, options?: Parameters<CreatePlay['begin']>[0]) {
    await this.connected()
    if (isApplied) this.seat.cutBehindNextWrite()
    else this.seat.cut()
    return this.begin(options)
  }

  /** A slow machine may have lost the connection. */
  connected(): Promise<void> {
    return this.until('a connection', () => this.seat.client.state === 'connected')
  }

  async suspended(): Promise<void> {
    await this.until('an outage', () => this.seat.client.state === 'suspended')
  }

  until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
    return this.bed.until(what, check)
  }

  async ends({ outcome }: { readonly outcome: { readonly now: string } }, how: string) {
    await this.until(`${how}, not ${outcome.now}`, () => outcome.now !== 'pending')
    expect(outcome.now).to.equal(how)
  }

  /** Paths, as the observer has them. */
  async all(): Promise<readonly string[]> {
    const { client } = this.observer
    return throughOutages(this.bed, client, async () => {
      await client.sync()
      return (await client.getChildren(DIR)).children.map((name) => `${DIR}/${name}`)
    })
  }

  /** It is there, alone, and as it was wanted. */
  async isMade(begun: ReturnType<CreatePlay['begin']>): Promise<void> {
    await this.ends(begun, 'done')
    const { path, stat } = await begun.made
    expect(path).to.match(NAME)
    expect(/x\d{10}$/.test(path)).to.equal(this.mode.endsWith('sequential'))
    expect(await this.all()).to.deep.equal([path])
    const found = await this.observer.client.getData(path)
    expect([Buffer.from(found.data ?? []), found.stat.czxid]).to.deep.equal([DATA, stat.czxid])
    const owner = this.isEphemeral ? this.seat.client.sessionId : 0n
    expect(stat.ephemeralOwner).to.equal(owner)
  }

  async leavesNothing(): Promise<void> {
    await this.until('an end of its znode', async () => (await this.all()).length === 0)
  }
}

interface CreateFault {
  readonly name: string
  run(play: CreatePlay): Promise<void>
}

const lostBoth = (
  name: (how: string) => string,
  run: (play: CreatePlay, isApplied: boolean) => Promise<void>,
) =>
  [true, false].map(
    (isApplied): CreateFault => ({
      name: name(isApplied ? 'its answer is lost' : 'its request is held up'),
      run: (play) => run(play, isApplied),
    }),
  )

const FAULTS: readonly CreateFault[] = [
  {
    name: 'nothing befalls it',
    run: async (play) => play.isMade(await play.begun()),
  },
  ...lostBoth(
    (how) => `${how}, and the client comes back`,
    async (play, isApplied) => {
      const create = await play.lost(isApplied)
      await play.suspended()
      play.seat.mend()
      await play.isMade(create)
    },
  ),
  ...lostBoth(
    (how) => `${how}, and it is aborted before the client comes back`,
    async (play, isApplied) => {
      const abort = new AbortController()
      const create = await play.lost(isApplied, { signal: abort.signal })
      await play.suspended()
      if (isApplied) expect(await play.all()).to.have.length(1)
      abort.abort()
      await play.ends(create, 'AbortError')
      play.seat.mend()
      await play.connected()
      await play.leavesNothing()
    },
  ),
  ...lostBoth(
    (how) => `${how}, and it times out`,
    async (play, isApplied) => {
      const create = await play.lost(isApplied, { timeoutMs: shortMs(play.bed) })
      await play.bed.pass(shortMs(play.bed))
      await play.ends(create, 'ZK_OPERATION_TIMEOUT')
      const error = await create.made.catch((reason: ZnodeError) => reason)
      expect(error).to.include({ outcome: 'unknown' })
      play.seat.mend()
      await play.connected()
      await play.leavesNothing()
    },
  ),
  ...lostBoth(
    (how) => `${how}, and the session ends`,
    async (play, isApplied) => {
      const create = await play.lost(isApplied)
      await play.ends(create, 'ZK_SESSION_EXPIRED')
      play.seat.mend()
      await play.connected()
      await play.leavesNothing()
    },
  ),
  {
    name: 'its answer is lost, and the client is closed',
    async run(play) {
      const create = await play.lost(true)
      await play.suspended()
      await play.seat.client.close()
      await play.ends(create, 'ZK_SESSION_EXPIRED')
      play.seat.mend()
      if (play.isEphemeral) await play.leavesNothing()
      else expect((await play.all()).length).to.be.at.most(1)
    },
  },
  {
    name: 'its request is held up, and its parent is deleted meanwhile',
    async run(play) {
      const create = await play.lost(false)
      await play.suspended()
      await deleted(play.bed, play.observer.client, DIR)
      play.seat.mend()
      await play.ends(create, 'ZK_NO_NODE')
      expect(await create.made.catch((error: ZnodeError) => error.outcome)).to.equal('unapplied')
    },
  },
  {
    name: 'its answer is lost, and the ACL of its parent hides the children',
    async run(play) {
      const { client } = play.observer
      const [entry] = OPEN_ACL
      await client.setAcl(DIR, [
        { id: { scheme: 'world', id: 'anyone' }, perms: PERMS.ALL - PERMS.READ },
      ])
      await play.seat.client.sync()
      const create = await play.lost(true)
      await play.suspended()
      play.seat.mend()
      await play.until('an end', () => create.outcome.now !== 'pending')
      if (entry !== undefined) await client.setAcl(DIR, [entry])
      if (play.mode !== 'persistent-sequential') return play.isMade(create)
      const error = await create.made.catch((reason: ZnodeError) => reason)
      expect(error).to.include({ code: 'ZK_CONNECTION_LOSS', outcome: 'unknown' })
      expect((error as ZnodeError).cause).to.include({ code: 'ZK_NO_AUTH' })
    },
  },
]

export const createCells: readonly Cell[] = MODES.flatMap((mode) =>
  FAULTS.map((fault) => ({
    recipe: `protected create, ${mode}`,
    fault: fault.name,
    run: (bed: Bed) => run(bed, mode, fault),
  })),
)

async function run(bed: Bed, mode: CreatePlay['mode'], fault: CreateFault): Promise<void> {
  const seat = await bed.seat({ renew: true })
  const observer = await bed.seat(onlooker(bed))
  await openRoom(bed, [observer, seat], DIR)
  await fault.run(new CreatePlay(bed, mode, seat, observer))
  seat.mend()
}
