/** Callbacks of the in-process client: one that throws harms nobody else, and none is called after close(). */
import { expect } from 'chai'
import { CallbackError, connect, type WatchEvent } from '../../lib/index.ts'
import { keeperBench } from '../support/keepers.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('keeper/client-callbacks', () => {
  const bench = keeperBench()
  after(() => bench.close())

  it('a watch that throws is reported with the line that set it, and the others are called', async () => {
    const { keeper } = await bench.open()
    const errors: CallbackError[] = []
    await using client = await connect(keeper, { onError: (e) => errors.push(e) })
    await client.create('/n')
    const seen: string[] = []
    const fault = new RangeError('of the caller')
    async function setsTheWatch(): Promise<void> {
      await client.getData('/n', () => {
        throw fault
      })
    }
    await setsTheWatch()
    await client.getData('/n', async () => {
      throw fault
    })
    await client.exists('/n', () => seen.push('exists'))
    await client.setData('/n', null)
    await turn()
    await turn()
    expect(seen).to.deep.equal(['exists'])
    expect(errors.map(({ code, cause }) => [code, cause])).to.deep.equal([
      ['CALLBACK_FAILED', fault],
      ['CALLBACK_FAILED', fault],
    ])
    expect(errors[0]!.message).to.equal('the watch callback of /n threw')
    expect(errors[0]!.stack).to.match(/setsTheWatch.*client-callbacks/)
    expect((await client.setData('/n', null)).version).to.equal(2)
  })

  it('onState and onError may throw, too', async () => {
    const { keeper } = await bench.open()
    const states: string[] = []
    const warnings: Error[] = []
    const warn = (warning: Error): unknown => warnings.push(warning)
    process.on('warning', warn)
    const client = await connect(keeper, {
      onState: (state) => {
        states.push(state)
        throw new Error('onState')
      },
      onError: () => {
        throw new Error('onError')
      },
    })
    await client.close()
    await turn()
    process.off('warning', warn)
    expect(states).to.deep.equal(['closed'])
    expect(warnings.map(({ message }) => message)).to.deep.equal(['the callback onError threw'])
    expect(warnings[0]).to.be.instanceOf(CallbackError)
  })

  it('no callback is called after close(), also of an event that came before', async () => {
    const { keeper } = await bench.open()
    const events: WatchEvent[] = []
    const states: string[] = []
    const client = await connect(keeper, { onState: (state) => states.push(state) })
    const other = await connect(keeper)
    await client.create('/closing')
    await client.getData('/closing', (event) => events.push(event))
    await client.getChildren('/', (event) => events.push(event))
    const changed = Promise.all([other.setData('/closing', null), other.delete('/closing')])
    const closed = client.close()
    expect(client.close()).to.equal(closed)
    await Promise.all([closed, changed])
    const before = [...states]
    await turn()
    await turn()
    expect([events, states, before]).to.deep.equal([[], ['closed'], ['closed']])
    await other.close()
  })

  it('a watch that its own callback sets again waits for the next event', async () => {
    const { keeper } = await bench.open()
    await using client = await connect(keeper)
    await client.create('/again', Buffer.from('0'))
    const seen: string[] = []
    let calls = 0
    const follow = async (): Promise<void> => {
      calls++
      const { data } = await client.getData('/again', follow)
      seen.push(Buffer.from(data!).toString())
    }
    await follow()
    for (const value of ['1', '2', '3']) {
      await client.setData('/again', Buffer.from(value))
      await turn()
      await client.sync()
    }
    expect([seen, calls]).to.deep.equal([['0', '1', '2', '3'], 4])
  })
})
