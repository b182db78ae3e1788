/** What the in-process client rejects with: a code, what became of the write, and the caller's line. */
import { expect } from 'chai'
import { connect, type ZnodeError } from '../../lib/index.ts'
import { keeperBench } from '../support/keepers.ts'

const rejection = (promise: Promise<unknown>): Promise<ZnodeError> =>
  promise.then(
    () => expect.fail('fulfilled'),
    (error: ZnodeError) => error,
  )

describe('keeper/client-errors', () => {
  const bench = keeperBench()
  after(() => bench.close())

  it("the stack has the caller's line; also where nobody awaits, but for a read without a watch", async () => {
    const { keeper } = await bench.open()
    await using client = await connect(keeper)
    async function reads(): Promise<unknown> {
      return await client.getData('/none')
    }
    async function readsTogether(): Promise<unknown> {
      return await Promise.all([client.getData('/'), client.getChildren('/none')])
    }
    function watches(): Promise<unknown> {
      return client.getData('/none', () => {})
    }
    function writes(): Promise<unknown> {
      return client.setData('/none', null)
    }
    function isWrong(): Promise<unknown> {
      return client.delete('none')
    }
    for (const call of [reads, readsTogether, watches, writes, isWrong]) {
      // Behind a write, so that nothing is answered within the call.
      const write = client.setData('/', null)
      const { stack, message } = await rejection(call())
      await write
      expect(stack).to.match(new RegExp(`at (?:async )?${call.name} .*client-errors\\.test\\.ts`))
      expect(stack!.split('\n')[0]).to.equal(`ZnodeError: ${message}`)
    }
  })

  it('a write in flight when the keeper stops: unknown; a read, and a call after that: unapplied', async () => {
    const { keeper, store } = await bench.open()
    const client = await connect(keeper)
    store.beforeTxn = () => {
      store.beforeTxn = undefined
      return new Promise(() => {})
    }
    const write = rejection(client.create('/never'))
    const read = rejection(client.getData('/'))
    await new Promise((resolve) => setImmediate(resolve))
    await keeper.close(0)
    const after = await rejection(client.create('/later'))
    const shown = [await write, await read, after].map((e) => [e.code, e.outcome, e.retriable])
    expect(shown).to.deep.equal([
      ['ZK_CONNECTION_LOSS', 'unknown', false],
      ['ZK_CONNECTION_LOSS', 'unapplied', true],
      ['ZK_SESSION_EXPIRED', 'unapplied', false],
    ])
    expect(client.state).to.equal('closed')
  })

  it('a refusal is unapplied', async () => {
    const { keeper } = await bench.open()
    await using client = await connect(keeper)
    const error = await rejection(client.delete('/none'))
    expect([error.code, error.outcome]).to.deep.equal(['ZK_NO_NODE', 'unapplied'])
  })
})
