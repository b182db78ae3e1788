/** What befalls one of two clients that work on a counter or a queue. Neighbours: work-play, work-matrix. */
import { expect } from 'chai'
import { cutBriefly } from './recipe-play.ts'
import { LOST } from './recipe-wait-faults.ts'
import type { Work, WorkPlay } from './work-play.ts'

export interface WorkFault {
  readonly name: string
  /** Both work when it begins. */
  run(play: WorkPlay): Promise<void>
}

export const WORK_FAULTS: readonly WorkFault[] = [
  {
    name: 'nothing befalls them',
    async run(play) {
      await play.works()
      expect(play.b.unexplained).to.deep.equal([])
    },
  },
  {
    name: 'a short outage',
    async run(play) {
      await cutBriefly(play.bed, play.b.seat)
      play.b.seat.mend()
      await play.works()
    },
  },
  {
    name: 'a session ends out of reach, and a new one follows',
    async run(play) {
      const { client } = play.b.seat
      play.b.seat.cut()
      await play.until('its loss', () => client.state === 'lost')
      await play.works([play.a])
      play.b.seat.mend()
      await play.until('its return', () => client.state === 'connected')
      await play.works()
    },
  },
  {
    name: 'a process is stopped for longer than its session',
    async run(play) {
      await play.b.seat.freeze(() => play.bed.pass(1.5 * play.bed.timeoutMs))
      await play.works()
    },
  },
  {
    name: 'the connection is lost again and again',
    async run(play) {
      const { client } = play.b.seat
      for (let round = 0; round < 3; round++) {
        play.b.seat.cutBehindNextWrite()
        await play.until('an outage', () => client.state !== 'connected')
        play.b.seat.mend()
        await play.until('its return', () => client.state === 'connected')
      }
      await play.works()
    },
  },
  {
    name: 'a client is closed in the midst of it',
    async run(play) {
      void play.b.seat.client.close()
      await play.works([play.a])
    },
  },
  {
    name: 'calls are aborted in the midst of them',
    async run(play) {
      const before = play.b.failures.length
      await play.until('aborted calls', () => {
        play.b.abort()
        return play.b.failures.length >= before + 3
      })
      await play.works()
    },
  },
]

/** The outcome of each write of a step is unknown. */
export function unknownWrites({ writes }: Work): WorkFault[] {
  return Array.from({ length: writes }, (_, i) =>
    LOST.flatMap((lost): WorkFault[] => [
      {
        name: `the outcome of write ${i + 1} is unknown: ${lost}`,
        async run(play) {
          const outage = play.outage(i, lost)
          await outage.begun()
          outage.end()
          await play.works()
        },
      },
      {
        name: `a call is aborted while the outcome of write ${i + 1} is unknown: ${lost}`,
        async run(play) {
          const outage = play.outage(i, lost)
          await outage.begun()
          play.b.abort()
          outage.end()
          await play.works()
        },
      },
      {
        name: `a session ends while the outcome of write ${i + 1} is unknown: ${lost}`,
        async run(play) {
          const outage = play.outage(i, lost)
          await outage.begun()
          await play.until('its loss', () => play.b.seat.client.state === 'lost')
          await play.works([play.a])
          outage.end()
          await play.works()
        },
      },
    ]),
  ).flat()
}
