/** How a bed ends, also one that was never whole. */
import { connect } from 'node:net'
import { expect } from 'chai'
import { type ClientBed, clientBeds } from './client-beds.ts'
import { runOn } from './matrix-cells.ts'
import type { Bed } from './recipe-play.ts'
import { TcpFaultProxy } from './tcp-fault-proxy.ts'
import { openWireBed } from './wire-bed.ts'

/** Is there a server at this host:port? */
const listens = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const [name, port] = host.split(':')
    const socket = connect({ host: name, port: Number(port) })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.unref()
  })

describe('the bed of a cell', () => {
  const never = async (): Promise<never> => {
    throw new RangeError('not on this bed')
  }
  const bed = {
    timeoutMs: 1,
    seat: never,
    rest: never,
    pass: never,
    until: never,
    close: () => Promise.reject(new RangeError('the end of the bed')),
  }
  const outcome = (run: () => Promise<void>): Promise<unknown> =>
    runOn({ recipe: 'a', fault: 'b', run }, async () => bed).catch(String)

  it('does not hide the error of the cell by its own', async () => {
    const own = outcome(() => Promise.reject(new RangeError('the cell')))
    expect(await own).to.equal('RangeError: the cell')
    expect(await outcome(async () => {})).to.equal('RangeError: the end of the bed')
  })

  it('says how long an outage was, where it was no short one', async () => {
    const seat = { ...bed, client: undefined as never, cut() {}, mend() {} }
    const seated = {
      ...bed,
      timeoutMs: 40,
      seat: async () => ({ ...seat, freeze: never, cutBehindNextWrite() {} }),
      close: async () => {},
    }
    const errorBehind = (ms: number, begin: 'cut' | 'cutBehindNextWrite'): Promise<unknown> => {
      const run = async (its: Bed): Promise<never> => {
        const one = await its.seat()
        one[begin]()
        const untilMs = performance.now() + ms
        while (performance.now() < untilMs);
        one.mend()
        throw new RangeError('the cell')
      }
      return runOn({ recipe: 'a', fault: 'b', run }, async () => seated).catch(String)
    }
    const long = /^RangeError: the cell \(an outage took \d+ ms, and a session has 40 ms\)$/
    expect(await errorBehind(25, 'cut')).to.match(long)
    expect(await errorBehind(25, 'cutBehindNextWrite')).to.match(long)
    expect(await errorBehind(0, 'cut')).to.equal('RangeError: the cell')
  })

  it('over the wire leaves no relay of a seat that could not connect', async () => {
    const [memory] = clientBeds as [ClientBed]
    const running = await memory.start()
    const wire = await openWireBed({ ...running, direct: 'zk://127.0.0.1:1' })
    const { start } = TcpFaultProxy
    let relay = ''
    TcpFaultProxy.start = async (target) => {
      const started = await start.call(TcpFaultProxy, target)
      relay = started.host
      return started
    }
    try {
      const error = await wire.seat({ retryMs: -1 }).catch(({ code }) => code)
      expect(error).to.equal('ZK_BAD_ARGUMENTS')
    } finally {
      TcpFaultProxy.start = start
    }
    expect(await listens(relay)).to.equal(true)
    await wire.close()
    expect(await listens(relay)).to.equal(false)
    await running.stop()
  })
})
