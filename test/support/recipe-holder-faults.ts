/** What befalls a client that holds what another one waits for, and what must follow. Neighbour: recipe-matrix. */
import { expect } from 'chai'
import { cutBriefly, deleted, type Fault } from './recipe-play.ts'
import { LOST, outageAtWrite } from './recipe-wait-faults.ts'

export const HOLDER_FAULTS: readonly Fault[] = [
  {
    name: 'the own znode of a holder is deleted by another client',
    async run(play) {
      const wait = await play.begun()
      const [path] = await play.ephemerals(play.a.client)
      play.isLossInFlight = true
      await deleted(play.bed, play.observer.client, path ?? '')
      await play.ends(wait, 'done')
      await play.bed.until('its loss', () => play.scene.held?.signal.aborted === true)
      expect(play.scene.held?.signal.reason.code).to.equal('ZK_NO_NODE')
    },
  },
  {
    name: 'the process of a holder is stopped for longer than its session',
    async run(play) {
      const wait = await play.begun()
      await play.a.freeze(() => play.ends(wait, 'done'))
      const { held } = play.scene
      expect(held?.isHeld, 'before any timer or event').to.equal(false)
      expect(held?.signal.reason.code).to.equal('ZK_SESSION_EXPIRED')
      await play.leavesNothing(play.a.client)
    },
  },
  {
    name: 'a holder is out of the store’s reach for longer than its session',
    async run(play) {
      const wait = await play.begun()
      play.a.cut()
      const { held } = play.scene
      await play.bed.until('its loss', () => held?.signal.aborted === true)
      expect([held?.isHeld, held?.signal.reason.code]).to.deep.equal([false, 'ZK_SESSION_EXPIRED'])
      await play.settles(held?.release())
      await play.ends(wait, 'done')
      play.a.mend()
      await play.leavesNothing(play.a.client)
    },
  },
  {
    name: 'the store is out of everybody’s reach for longer than the sessions',
    async run(play) {
      const wait = await play.begun()
      play.a.cut()
      play.b.cut()
      const { held } = play.scene
      await play.bed.until('its loss', () => held?.signal.aborted === true)
      expect([held?.isHeld, held?.signal.reason.code]).to.deep.equal([false, 'ZK_SESSION_EXPIRED'])
      await play.ends(wait, 'ZK_SESSION_EXPIRED')
    },
  },
  {
    name: 'a holder keeps it through a short outage',
    async run(play) {
      const wait = await play.begun()
      await cutBriefly(play.bed, play.a)
      expect(play.scene.held?.isHeld).to.equal(true)
      play.a.mend()
      await play.bed.until('its return', () => play.a.client.state === 'connected')
      expect([play.scene.held?.isHeld, wait.outcome.now]).to.deep.equal([true, 'pending'])
      await play.scene.letIn()
      await play.ends(wait, 'done')
    },
  },
  ...LOST.map(
    (lost): Fault => ({
      name: `the outcome of the release is unknown: ${lost}`,
      async run(play) {
        const wait = await play.begun()
        const outage = outageAtWrite(play, play.a, 0, lost)
        const letIn = play.scene.letIn()
        await outage.begun()
        expect(play.scene.held?.isHeld).to.equal(false)
        outage.end()
        await play.ends(wait, 'done')
        await play.settles(letIn)
      },
    }),
  ),
  {
    name: 'a holder closes its client',
    async run(play) {
      const wait = await play.begun()
      await play.settles(play.a.client.close())
      expect(play.scene.held?.isHeld).to.equal(false)
      await play.ends(wait, 'done')
    },
  },
  {
    name: 'a listener of a holder’s signal throws',
    async run(play) {
      const wait = await play.begun()
      const thrown = await uncaughtDuring(async () => {
        play.scene.held?.signal.addEventListener('abort', () => {
          throw new RangeError('mine')
        })
        await play.scene.letIn()
        await play.ends(wait, 'done')
      })
      expect(thrown.map(String)).to.deep.equal(['RangeError: mine'])
    },
  },
]

/** The process has one set of listeners: one at a time. */
let newest: Promise<unknown> = Promise.resolve()

function uncaughtDuring(run: () => Promise<void>): Promise<unknown[]> {
  const next = newest.then(() => collectUncaught(run))
  newest = next.catch(() => {})
  return next
}

async function collectUncaught(run: () => Promise<void>): Promise<unknown[]> {
  const thrown: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error))
  try {
    await run()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
  return thrown
}
