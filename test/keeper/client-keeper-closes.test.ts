/** A client whose keeper closes while the store is out of reach: it is closed, and does not try to resume for ever. */
import { expect } from 'chai'
import { type ClientState, connect } from '../../lib/index.ts'
import { livenessBench, SILENCE_MS } from '../support/liveness-bench.ts'

describe('keeper/a client whose keeper closes', () => {
  const bench = livenessBench()

  it('while it is suspended is closed', async () => {
    const member = await bench.start()
    const states: ClientState[] = []
    const client = await connect(member.keeper, {
      onState: (state) => states.push(state),
    })
    member.store.cut()
    await bench.clock.advance(2 * SILENCE_MS)
    expect(states).to.deep.equal(['suspended'])
    await bench.crash(member)
    await bench.clock.advance(500)
    expect(states).to.deep.equal(['suspended', 'closed'])
    expect(client.state).to.equal('closed')
  })
})
