/** Random calls of two clients on two members: what each of them sees comes in order. `ORDER_RUNS`: so many, or 25. */
import { expect } from 'chai'
import fc from 'fast-check'
import { systemClock, systemRandom } from '../../lib/base/clock.ts'
import { MemberTransport } from '../../lib/client/member-transport.ts'
import type { Transport } from '../../lib/client/transport.ts'
import { WireTransport } from '../../lib/client/wire/wire-transport.ts'
import { deleteRecursive, EVENT, silentLogger, type ZooKeeper } from '../../lib/index.ts'
import { checkOrder, play, steps } from '../support/client-order.ts'
import { openRecorded, type Recorded } from '../support/recorded-client.ts'
import { WireBench } from '../support/wire-bench.ts'

const RUNS = Number(process.env.ORDER_RUNS ?? 25)

describe('what a client sees', () => {
  const bench = new WireBench()
  after(() => bench.close())

  const wire = (port: number): Transport =>
    new WireTransport({
      servers: [{ host: '127.0.0.1', port }],
      tls: undefined,
      ...{ clock: systemClock, random: systemRandom, logger: silentLogger },
      canBeReadOnly: false,
      replyBytesMax: 2 ** 22,
    })

  for (const [name, transportOf] of [
    ['on a member', (served) => new MemberTransport(served.keeper)],
    ['over the wire', (served) => wire(served.port)],
  ] as [string, (served: Awaited<ReturnType<WireBench['serve']>>) => Transport][]) {
    it(`replies in the order of requests, and events before what shows them, ${name}`, async () => {
      const members = [await bench.serve(), await bench.serve()]
      const property = fc.asyncProperty(steps, async (all) => {
        const logs: Recorded[][] = [[], []]
        const clients: ZooKeeper[] = []
        for (const [who, member] of members.entries()) {
          clients.push(await openRecorded(transportOf(member), (one) => logs[who]?.push(one)))
        }
        const [first] = clients as [ZooKeeper]
        try {
          await first.create('/o')
          const settled = await play(clients, all)
          await Promise.all(clients.map((client) => client.sync()))
          for (const log of logs) checkOrder(log)
          for (const turns of settled) {
            expect(turns, 'no call settles before an earlier one has its reply').to.deep.equal(
              turns.toSorted((a, b) => a - b),
            )
          }
        } finally {
          await deleteRecursive(first, '/o')
          for (const client of clients) await client.close()
        }
      })
      await fc.assert(property, { numRuns: RUNS })
    })
  }

  it('is judged: a reply out of order, and an event behind what shows it, are found', () => {
    const stat = { mzxid: 5, pzxid: 5 } as never
    const read = { type: 'getData', path: '/a', watch: true } as never
    const data = { type: 'data', data: null, stat } as never
    const sent = (tag: number): Recorded => ({ what: 'sent', tag, request: read })
    const reply = (tag: number, zxid: number, result = data): Recorded => ({
      ...{ what: 'reply', tag, zxid, errno: 0, result },
    })
    const event: Recorded = { what: 'event', type: EVENT.NodeDataChanged, path: '/a', zxid: 6 }
    const changed = { type: 'data', data: null, stat: { mzxid: 6, pzxid: 5 } } as never
    checkOrder([sent(1), sent(2), reply(1, 5), event, reply(2, 6, changed)])
    expect(() => checkOrder([sent(1), sent(2), reply(2, 5)])).to.throw('in the order of requests')
    expect(() => checkOrder([sent(1)])).to.throw('without a reply')
    expect(() => checkOrder([sent(1), sent(2), reply(1, 5), reply(2, 4)])).to.throw('zxid')
    expect(() => checkOrder([sent(1), sent(2), reply(1, 5), reply(2, 6, changed), event])).to.throw(
      'the data of /a, watched',
    )
    expect(() => checkOrder([sent(1), reply(1, 7), event])).to.throw('event 3 of /a')
  })
})
