/** The outage of a bed that begins behind a write, and ends before. */
import { expect } from 'chai'
import { memoryBed } from './memory-bed.ts'
import { outcomeOf } from './recipe-bench.ts'

describe('an outage that begins behind a write', () => {
  const bed = memoryBed()

  it('is none when it is mended before the write', async () => {
    const seat = await bed.seat()
    seat.cutBehindNextWrite()
    seat.mend()
    const outcome = outcomeOf(seat.client.create('/a'))
    await bed.rest()
    expect([outcome.now, seat.client.state]).to.deep.equal(['done', 'connected'])
  })

  it('ends with its mend', async () => {
    const seat = await bed.seat()
    seat.cutBehindNextWrite()
    const outcome = outcomeOf(seat.client.create('/a'))
    await bed.until('an outage', () => seat.client.state === 'suspended')
    seat.mend()
    await bed.until('its return', () => seat.client.state === 'connected')
    expect(outcome.now).to.equal('ZK_CONNECTION_LOSS')
    await seat.client.setData('/a', null)
  })
})
