/** The ports of one process are not those of another: some are listened on much later than they are drawn. */
import { expect } from 'chai'
import { freePorts } from './free-port.ts'

/** By chance alone some seven of them would be the same. */
const COUNT = 300
/** A module of its own knows nothing of what this one has given. */
const ANOTHER = './free-port.ts?another'

describe('freePort', () => {
  it('never gives two processes one port, though nobody listens on it yet', async () => {
    const other: typeof import('./free-port.ts') = await import(ANOTHER)
    expect(other.freePorts).not.to.equal(freePorts)
    const [ours, theirs] = await Promise.all([freePorts(COUNT), other.freePorts(COUNT)])
    expect(new Set([...ours, ...theirs]).size).to.equal(2 * COUNT)
  })

  it('gives different ports to all that ask at the same time', async () => {
    const ports = await Promise.all(Array.from({ length: 120 }, () => freePorts(1)))
    expect(new Set(ports.flat()).size).to.equal(120)
  })
})
