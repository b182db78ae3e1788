/** What befalls one of two clients whose recipes live on, and what must follow. Neighbours: living-play, living-matrix. */
import { expect } from 'chai'
import type { LivingPlay, Side } from './living-play.ts'
import type { Living } from './living-scenes.ts'
import { cutBriefly, deleted } from './recipe-play.ts'
import { LOST, outageAtWrite } from './recipe-wait-faults.ts'

export interface LivingFault {
  readonly name: string
  /** Of which recipes. @default all */
  readonly isFor?: (living: Living) => boolean
  /** Both live when it begins, except where it begins before. */
  readonly isEarly?: boolean
  run(play: LivingPlay, one: Side, other: Side): Promise<void>
}

/** Its session ends, and another one follows. */
async function isRenewed(play: LivingPlay, { seat }: Side, before: bigint): Promise<void> {
  const { client } = seat
  const isAnother = (): boolean => !play.living.isEphemeral || client.sessionId !== before
  await play.until('another session', () => client.state === 'connected' && isAnother())
}

async function ends(play: LivingPlay, { seat }: Side, sessionId: bigint): Promise<void> {
  if (play.living.isEphemeral) await play.isOver(sessionId)
  else await play.until('its loss', () => seat.client.state === 'lost')
}

export const LIVING_FAULTS: readonly LivingFault[] = [
  {
    name: 'its znode is deleted by another client',
    async run(play, one) {
      const [own] = await play.own(one)
      play.isLossInFlight = true
      await deleted(play.bed, play.observer.client, own?.path ?? '')
      await play.until('its return', async () =>
        (await play.own(one)).some(({ stat }) => stat.czxid !== own?.stat.czxid),
      )
      await play.isWell()
    },
  },
  {
    name: 'its znode is deleted during a short outage',
    async run(play, one) {
      const [own] = await play.own(one)
      play.isLossInFlight = true
      const cut = cutBriefly(play.bed, one.seat)
      await deleted(play.bed, play.observer.client, own?.path ?? '')
      await cut
      one.seat.mend()
      await play.until('its return', async () =>
        (await play.own(one)).some(({ stat }) => stat.czxid !== own?.stat.czxid),
      )
      await play.isWell()
    },
  },
  {
    name: 'its session ends out of reach, and a new one follows',
    async run(play, one) {
      const { sessionId } = one.seat.client
      one.seat.cut()
      await ends(play, one, sessionId)
      expect(one.life.lead).to.equal(undefined)
      one.seat.mend()
      await isRenewed(play, one, sessionId)
      await play.isWell()
    },
  },
  {
    name: 'its process is stopped for longer than its session',
    async run(play, one) {
      const { sessionId } = one.seat.client
      await one.seat.freeze(async () => {
        if (play.living.isEphemeral) await play.isOver(sessionId)
        else await play.bed.pass(2 * play.bed.timeoutMs)
        expect(one.life.lead, 'before any timer or event').to.equal(undefined)
      })
      expect(one.life.lead, 'before any timer or event').to.equal(undefined)
      await isRenewed(play, one, sessionId)
      await play.isWell()
    },
  },
  {
    name: 'everybody is out of reach for longer than the sessions',
    async run(play, one, other) {
      for (const { seat } of [one, other]) seat.cut()
      await play.until('both losses', () =>
        [one, other].every(({ seat }) => seat.client.state === 'lost'),
      )
      expect([one.life.lead, other.life.lead]).to.deep.equal([undefined, undefined])
      for (const { seat } of [one, other]) seat.mend()
      await play.isWell()
    },
  },
  {
    name: 'a short outage changes nothing',
    async run(play, one) {
      const before = await play.czxid(one)
      const lead = one.life.lead?.token
      await cutBriefly(play.bed, one.seat)
      one.seat.mend()
      await play.until('its return', () => one.seat.client.state === 'connected')
      await play.isWell()
      expect([await play.czxid(one), one.life.lead?.token]).to.deep.equal([before, lead])
    },
  },
  ...LOST.flatMap((lost): LivingFault[] => [
    {
      name: `the outcome of its first create is unknown: ${lost}`,
      isEarly: true,
      async run(play, one) {
        const outage = outageAtWrite(play, one.seat, 0, lost)
        const started = one.life.start()
        await outage.begun()
        outage.end()
        await play.settles(started)
        await play.isWell()
      },
    },
    {
      name: `its session ends while the outcome of its first create is unknown: ${lost}`,
      isEarly: true,
      async run(play, one) {
        const outage = outageAtWrite(play, one.seat, 0, lost)
        const started = one.life.start()
        await outage.begun()
        await play.until('its loss', () => one.seat.client.state === 'lost')
        outage.end()
        await play.settles(started)
        await play.isWell()
      },
    },
    ...[false, true].map((isSessionLost) => ({
      name: `it is closed${isSessionLost ? ', and its session ends,' : ''} while the outcome of its first create is unknown: ${lost}`,
      isEarly: true,
      async run(play: LivingPlay, one: Side, other: Side) {
        const outage = outageAtWrite(play, one.seat, 0, lost)
        const started = one.life.start()
        started.catch(() => {})
        await outage.begun()
        const closed = one.life.close()
        if (isSessionLost) await play.until('its loss', () => one.seat.client.state === 'lost')
        outage.end()
        await play.settles(closed)
        await play.isWell([other])
        await play.settles(started.catch(() => {}))
      },
    })),
    {
      name: `the outcome of the create that replaces its znode is unknown: ${lost}`,
      async run(play, one) {
        const [own] = await play.own(one)
        play.isLossInFlight = true
        const { client } = one.seat
        const outage = outageAtWrite(play, one.seat, 0, lost)
        await deleted(play.bed, play.observer.client, own?.path ?? '')
        await outage.begun()
        outage.end()
        await play.until('its return', () => client.state === 'connected')
        await play.isWell()
      },
    },
    {
      name: `the outcome of its last delete is unknown: ${lost}`,
      async run(play, one, other) {
        const outage = outageAtWrite(play, one.seat, 0, lost)
        const closed = one.life.close()
        await outage.begun()
        outage.end()
        await play.settles(closed)
        await play.isWell([other])
      },
    },
  ]),
  {
    name: 'it is closed',
    async run(play, one, other) {
      await play.settles(one.life.close())
      await play.isWell([other])
    },
  },
  {
    name: 'it is closed out of reach',
    async run(play, one, other) {
      one.seat.cut()
      await play.until('an outage', () => one.seat.client.state === 'suspended')
      await play.settles(one.life.close())
      expect(one.life.lead).to.equal(undefined)
      one.seat.mend()
      await play.isWell([other])
    },
  },
  {
    name: 'its client is closed',
    isFor: ({ isEphemeral }) => isEphemeral,
    async run(play, one, other) {
      await play.settles(one.seat.client.close())
      expect(one.life.lead).to.equal(undefined)
      await play.until('its end', () => one.life.isClosed)
      await play.isWell([other])
    },
  },
  {
    name: 'its first callback throws',
    isEarly: true,
    isFor: ({ isExclusive }) => !isExclusive,
    async run(play, one) {
      const cause = new RangeError('mine')
      one.fault = cause
      await play.settles(one.life.start())
      await play.until('a report', () => one.errors.length > 0)
      const [error] = one.errors as Error[]
      expect(error?.cause).to.equal(cause)
      await play.isWell()
    },
  },
  {
    name: 'its callback throws when it leads',
    isFor: ({ isExclusive }) => isExclusive,
    async run(play, one, other) {
      // The next one that is elected throws: `one`, once `other` does not lead.
      const leader = one.life.lead === undefined ? other : one
      const next = leader === one ? other : one
      const cause = new RangeError('mine')
      next.fault = cause
      await play.settles(leader.life.close())
      await play.until('a report', () => next.errors.includes(cause))
      if (!play.living.endsWithThrow) return play.isWell([next])
      await play.until('its end', () => next.life.isClosed)
      await play.isWell([])
    },
  },
]
