/** The bounds of serving while an ensemble leads: at each of them, one below, and what is counted or said. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { silentLogger } from '../../../../../lib/base/log.ts'
import { ByteWriter } from '../../../../../lib/format/bytes.ts'
import { encodeEntry, JOURNAL_FORMAT } from '../../../../../lib/format/journal.ts'
import { Freeze, type FreezeOptions } from '../../../../../lib/migrate/serve/freeze.ts'
import { HeldEntries } from '../../../../../lib/migrate/serve/held-entries.ts'
import { PhaseGate } from '../../../../../lib/migrate/serve/phase-gate.ts'
import { serveWhileFollowing } from '../../../../../lib/migrate/serve/zookeeper-upstream.ts'
import { eventually } from '../../../../support/eventually.ts'
import { ManualClock } from '../../../../support/manual-clock.ts'
import { mirrorBench } from '../mirror-bench.ts'
import { create } from '../scripted-source.ts'

const LATE_MS = 20_000

/** Of the follower. */
function entry(zxid: number): Uint8Array {
  const header = { format: JOURNAL_FORMAT, passes: false, seq: 1, proxy: 'p', attempt: 1, zxid }
  const rest = {
    flushed: 0,
    time: 0,
    previous: undefined,
    check: undefined,
    mirrors: true as const,
  }
  return encodeEntry({ ...header, ...rest }, new ByteWriter())
}

describe('migrate/serve: bounds', () => {
  it('an entry waits for the leader’s report, not longer than it may, and that is counted', async () => {
    const clock = new ManualClock()
    const applied: number[] = []
    let [reported, unreported] = [0, 0]
    const held = new HeldEntries({
      ...{ clock, waitMsMax: 1_500, reported: () => reported },
      onUnreported: () => {
        unreported++
      },
      onFailed: (error) => {
        throw error
      },
    })
    for (const zxid of [1, 2, 3]) held.receive(entry(zxid), () => applied.push(zxid))
    reported = 1
    held.release()
    expect({ applied, unreported }).to.deep.equal({ applied: [1], unreported: 0 })
    await clock.advance(1_499)
    held.release()
    expect({ applied, unreported }).to.deep.equal({ applied: [1], unreported: 0 })
    await clock.advance(1)
    held.release()
    expect({ applied, unreported }).to.deep.equal({ applied: [1, 2, 3], unreported: 2 })
  })

  it('a freeze is over after three times the time that a request may be held, whoever lives', async () => {
    const clock = new ManualClock()
    const gate = new PhaseGate(clock, 'forwarding')
    const records: { freeze: string }[] = []
    const freeze = new Freeze({
      ...{ clock, gate, logger: silentLogger, holdMsMax: 4_000, zxid: () => 7 },
      key: { write: async (record: { freeze: string }) => void records.push(record) },
      ...{ inFlight: () => 1, sessionCount: () => 0, hasLeader: () => true },
      ...{ isHeldBy: async () => true, sync: () => {}, onThaw: () => {} },
    } as unknown as FreezeOptions)
    freeze.seen('somebody')
    await clock.advance(12_000)
    freeze.look()
    expect(gate.phase).to.equal('frozen')
    await clock.advance(1)
    freeze.look()
    expect(gate.phase).to.equal('forwarding')
    expect(records.at(-1)).to.include({ freeze: '' })
  })

  describe('of a connection to the ensemble', () => {
    let bench: ReturnType<typeof mirrorBench>
    let server: Server
    const sockets = new Set<Socket>()

    beforeEach(async () => {
      bench = mirrorBench()
      // It accepts, and never says anything.
      server = createServer((socket) => {
        sockets.add(socket)
        socket.on('error', () => {})
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
    })
    afterEach(async () => {
      // First who connects: a connection that is accepted behind this would keep the process alive.
      await bench.close()
      for (const socket of sockets) socket.destroy()
      server.close()
    })

    it('are those that are given: a leader that is silent, and a server that does not say what it takes', async () => {
      const hung = `127.0.0.1:${(server.address() as AddressInfo).port}`
      bench.source.commit(1n, create('/a'))
      bench.follow({ servers: [hung], quorum: [hung] })
      await bench.caughtUp()
      const warnings: string[] = []
      const logger = { ...silentLogger, warn: (_: object, text: string) => warnings.push(text) }
      const upstream = serveWhileFollowing({
        bounds: { connectMs: 60, handshakeMs: 70 },
        lookMs: 80,
      })
      const { keeper } = await bench.bench.open({}, { upstream, logger })
      const says = 'it did not accept us as an observer within 70 ms'
      await eventually('the trouble', () => keeper.trouble?.includes(says), LATE_MS)
      const notes = (): string[] =>
        warnings.filter((text) => text.includes('--source-look-timeout'))
      expect(notes()).to.have.length(1)
      // Once, though it is tried again.
      const before = sockets.size
      await eventually('two more attempts', () => sockets.size >= before + 4, LATE_MS)
      expect(notes()).to.have.length(1)
    })

    it('a bound that is none is refused, before a member is opened', () => {
      const serving = () => serveWhileFollowing({ bounds: { syncMs: 0 } })
      expect(serving).to.throw('syncMs must be positive')
    })
  })
})
