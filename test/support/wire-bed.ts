/** The bed of the table of recipes and faults over the wire, with real clocks: each seat has a relay of its own. */
import { everyStep } from '../../lib/base/every-step.ts'
import { connect, mkdirp, systemClock, type ZooKeeper } from '../../lib/index.ts'
import { type RunningBed, SESSION_MS } from './client-beds.ts'
import { eventually, untilFulfilled } from './eventually.ts'
import { FreezableClock } from './freezable-clock.ts'
import { CELL_MS, type OpenBed } from './matrix-cells.ts'
import { TcpFaultProxy } from './tcp-fault-proxy.ts'

const WAIT_MS = 60_000

let beds = 0

/** Has a root of its own on the server. */
export async function openWireBed(running: RunningBed): Promise<OpenBed> {
  const ends: (() => Promise<void>)[] = []
  const clients: ZooKeeper[] = []
  const chroot = `/matrix-${++beds}`
  const endMs = performance.now() + CELL_MS
  const root = await running.connect()
  await everyStep([() => untilFulfilled(() => mkdirp(root, chroot)), () => root.close()])

  const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

  return {
    timeoutMs: SESSION_MS,
    async seat(given) {
      const parts: (() => unknown)[] = []
      ends.push(() => everyStep(parts.toReversed()))
      const wire = await TcpFaultProxy.start(running.direct?.slice('zk://'.length) ?? '')
      parts.push(() => wire.stop())
      const clock = new FreezableClock(systemClock)
      const options = { ...given, timeoutMs: SESSION_MS, clock, chroot }
      const client = await connect(`zk://${wire.host}`, options)
      clients.push(client)
      const cut = (): void => {
        wire.pause('up')
        wire.pause('down')
      }
      const mend = (): void => {
        wire.resume('up')
        wire.resume('down')
      }
      parts.push(() => client.close(), mend)
      return {
        client,
        async freeze(run) {
          clock.freeze()
          cut()
          try {
            await run()
          } finally {
            clock.thaw()
            mend()
          }
        },
        cut,
        mend,
        cutBehindNextWrite: () => wire.pause('down'),
      }
    },
    async rest() {
      // What every client has sent is answered, and what it saw is passed on.
      for (let turn = 0; turn < 3; turn++) {
        for (const client of clients) {
          if (client.state === 'connected') await client.sync().catch(() => {})
        }
      }
    },
    pass: sleep,
    until: async (what, check) => {
      await eventually(what, check, Math.max(0, Math.min(WAIT_MS, endMs - performance.now())))
    },
    close: () => everyStep(ends),
  }
}
