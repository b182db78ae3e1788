/** What befalls a client that waits, and what must follow. Neighbour: recipe-matrix. */
import { expect } from 'chai'
import { ZK_ERRORS, ZnodeError, type ZooKeeper } from '../../lib/index.ts'
import {
  type Bed,
  cutBriefly,
  deleted,
  type Fault,
  type Recipe,
  type Seat,
  shortMs,
} from './recipe-play.ts'

export const WAIT_FAULTS: readonly Fault[] = [
  {
    name: 'a wait is let in',
    async run(play) {
      const wait = await play.begun()
      await play.scene.letIn()
      await play.ends(wait, 'done')
    },
  },
  {
    name: 'a wait is aborted',
    async run(play) {
      const wait = await play.begun()
      wait.abort.abort(new RangeError('enough'))
      await play.ends(wait, 'RangeError')
    },
  },
  {
    name: 'a wait times out',
    async run(play) {
      const wait = await play.begun({ timeoutMs: shortMs(play.bed) })
      await play.bed.pass(shortMs(play.bed))
      await play.ends(wait, 'ZK_OPERATION_TIMEOUT')
    },
  },
  {
    name: 'a wait ends with close()',
    async run(play) {
      const wait = await play.begun()
      await play.settles(play.b.client.close())
      await play.ends(wait, 'ZK_SESSION_EXPIRED')
    },
  },
  {
    name: 'the own znode of a wait is deleted by another client',
    async run(play) {
      const wait = await play.begun()
      for (const path of await play.ephemerals(play.b.client)) {
        await deleted(play.bed, play.observer.client, path)
      }
      await play.bed.rest()
      expect(wait.outcome.now).to.equal('pending')
      await play.scene.letIn()
      await play.ends(wait, 'done')
    },
  },
  {
    name: 'the process that waits is stopped for longer than its session',
    async run(play) {
      const wait = await play.begun()
      const isOver = await play.marked(play.b)
      await play.b.freeze(() => play.bed.until('the end of its session', isOver))
      await play.ends(wait, 'ZK_SESSION_EXPIRED')
      await play.leavesNothing(play.b.client)
    },
  },
  {
    name: 'a wait is out of the store’s reach for longer than its session',
    async run(play) {
      const wait = await play.begun()
      const isOver = await play.marked(play.b)
      play.b.cut()
      await play.bed.until('the end of its session', isOver)
      await play.ends(wait, 'ZK_SESSION_EXPIRED')
      play.b.mend()
    },
  },
  {
    name: 'a wait is let in during a short outage',
    async run(play) {
      const wait = await play.begun()
      await cutBriefly(play.bed, play.b)
      await play.scene.letIn()
      play.b.mend()
      await play.ends(wait, 'done')
    },
  },
]

/** What becomes of a write whose outcome is unknown to its sender. */
export const LOST = ['it was applied', 'it was not'] as const
export type Lost = (typeof LOST)[number]

/** The outcome of each write of a wait is unknown: it continues, or it is given up meanwhile. */
export function unknownOutcomes({ writes }: Recipe): Fault[] {
  return Array.from({ length: writes }, (_, i) =>
    LOST.flatMap((lost): Fault[] => [
      {
        name: `the outcome of write ${i + 1} of a wait is unknown: ${lost}`,
        async run(play) {
          const outage = outageAtWrite(play, play.b, i, lost)
          const wait = await play.begin()
          const letIn = play.scene.letIn()
          await outage.begun(wait)
          outage.end()
          await play.ends(wait, 'done')
          await play.settles(letIn)
        },
      },
      {
        name: `a wait is aborted while the outcome of its write ${i + 1} is unknown: ${lost}`,
        async run(play) {
          const outage = outageAtWrite(play, play.b, i, lost)
          const wait = await play.begin()
          const letIn = play.scene.letIn()
          await outage.begun(wait)
          wait.abort.abort()
          await play.ends(wait, 'AbortError')
          outage.end()
          await play.leavesNothing(play.b.client)
          await play.settles(letIn)
        },
      },
    ]),
  ).flat()
}

/** One that a test makes at a write. */
export interface Outage {
  /** The write was sent, and the client has noticed the outage. `wait`: what sends it, and does not end before that. */
  begun(wait?: { readonly outcome: { readonly now: string } }): Promise<void>
  end(): void
}

/**
 * An outage of one seat that begins with the write that it sends after `before` others. `onWrite` is called before that write, with
 * true, and before each later one.
 */
export function outageAtWrite(
  play: { readonly bed: Bed },
  seat: Seat,
  before: number,
  lost: Lost,
  onWrite: (isLost: boolean) => void = () => {},
): Outage {
  let left = before
  const client = seat.client as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const verb of ['create', 'setData', 'delete', 'multi'] as const) {
    const real = client[verb]?.bind(client)
    client[verb] = (...args) => {
      if (left <= 0) onWrite(left === 0)
      if (left-- !== 0) return real?.(...args)
      if (lost === 'it was applied') {
        seat.cutBehindNextWrite()
        return real?.(...args)
      }
      seat.cut()
      return neverSent(seat.client)
    }
  }
  return {
    async begun(wait): Promise<void> {
      // A busy machine makes short ones of its own, also before the write; and a slow one may see it only when the session is over.
      const isCut = (): boolean => left < 0 && seat.client.state !== 'connected'
      const hasEnded = (): boolean => wait !== undefined && wait.outcome.now !== 'pending'
      await play.bed.until('the write, and its outage', () => isCut() || hasEnded())
      if (!isCut()) throw new Error(`it ended before the outage: ${wait?.outcome.now}`)
    },
    end: () => seat.mend(),
  }
}

/** As a request that was lost on its way: the connection ends, and nothing is applied. */
function neverSent(client: ZooKeeper): Promise<never> {
  return new Promise((_resolve, reject) => {
    const cancel = client.onStateChange(() => {
      cancel()
      reject(new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno))
    })
  })
}
