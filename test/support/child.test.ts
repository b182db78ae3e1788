/** Children of tests: their end is told when all that they wrote was read. */
import { expect } from 'chai'
import { type Child, spawnChild } from './child.ts'

describe('a child of a test', () => {
  /** Its last line comes behind its end, as on a busy machine, where a pipe is read later than the end is told. */
  const leaves = (): Child =>
    spawnChild({
      name: 'leaves',
      command: 'sh',
      args: ['-c', '{ sleep 0.2; echo last; } & exit 3'],
    })

  it('has ended when all that it wrote was read', async () => {
    const child = leaves()
    expect(await child.exited).to.deep.equal({ code: 3, signal: null })
    expect(child.output).to.equal('last')
  })

  it('is waited for until its last line, and no longer', async () => {
    const child = leaves()
    expect((await child.waitForLine(/^la(.*)/))[1]).to.equal('st')
    const error = await child.waitForLine(/another/).catch((reason: Error) => reason)
    expect(String(error)).to.match(/ended before a line like .* \(exit 3\)\nlast$/)
  })
})
