/** Outages of a slow machine's own, in a scene of counters and queues: no fault of theirs. */
import { expect } from 'chai'
import { memoryBed } from './memory-bed.ts'
import { openRoom, type Seat, threeSeats, throughOutages } from './recipe-play.ts'
import { WorkPlay } from './work-play.ts'
import { works } from './work-scenes.ts'

/** An outage of this one's, which ends as soon as it is noticed. */
function mendsItself({ client, mend }: Seat): void {
  client.onStateChange((state) => state === 'suspended' && mend())
}

describe('a scene on a slow machine', () => {
  const bed = memoryBed()

  for (const work of works) {
    it(`${work.name}: the one that nothing befalls and the observer lose their connections`, async () => {
      const seats = await threeSeats(bed)
      const [{ client }, , observer] = seats
      await openRoom(bed, seats)
      const play = new WorkPlay(bed, work, seats)
      await play.works()
      // A write that may be repeated fails nothing.
      while (play.a.failures.length === 0) {
        play.a.seat.cutBehindNextWrite()
        await play.until('an outage', () => client.state === 'suspended')
        play.a.seat.mend()
        await play.works()
      }
      mendsItself(observer)
      observer.cutBehindNextWrite()
      await play.end()
    })
  }

  it('a call is repeated behind the loss of a connection, and not behind anything else', async () => {
    const { client } = await bed.seat({ renew: true })
    let calls = 0
    const missing = throughOutages(bed, client, () => {
      calls += 1
      return client.getData('/missing')
    })
    expect(await missing.catch(({ code }) => code)).to.equal('ZK_NO_NODE')
    expect(calls).to.equal(1)
  })
})
