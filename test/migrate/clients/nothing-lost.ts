/** What a move may change for a client: nothing but the next number, and the values that its watch brought. */
import { expect } from 'chai'
import type { Picture } from './move-run.ts'

/** Ephemerals of all of them: `mine` of five, two in each line of the library, Curator and kazoo, Curator’s persistent node. */
const EPHEMERALS = 5 + 4 + 4 + 4 + 1

/** As it must be before anything is moved. */
export function expectFirst(first: Picture): void {
  expect(Object.keys(first.ephemerals), 'ephemerals').to.have.length(EPHEMERALS)
  for (const [name, seen] of Object.entries(first.clients)) {
    expect(seen.session, name).to.match(/^[1-9a-f][0-9a-f]+$/)
    expect(seen.owner, name).to.equal(seen.session)
    for (const [what, is] of Object.entries(seen.held)) {
      expect(is, `${name}: ${what}`).to.equal(!what.startsWith('rival'))
    }
  }
  expectKept(first, first, 0)
}

/** The same as before, `turns` later. */
export function expectKept(first: Picture, now: Picture, turns: number): void {
  expect(now.ephemerals).to.deep.equal(first.ephemerals)
  const fired = Array.from({ length: turns + 1 }, (_, at) => String(at))
  for (const [name, { session, owner, held }] of Object.entries(first.clients)) {
    const sequence = `/moved/${name}/line/n-${String(turns).padStart(10, '0')}`
    expect(now.clients[name], `${name} after ${turns} moves`).to.deep.equal({
      ...{ session, owner, held, sequence, fired, lost: 0 },
    })
  }
}

/** Those that waited all the time got in. */
export function expectReleased(
  got: Readonly<Record<string, Readonly<Record<string, boolean>>>>,
): void {
  expect(got).to.deep.equal({
    ...{ 'node-zookeeper-client': {}, c: {} },
    ...{ library: { mutex: true, latch: true }, curator: { mutex: true, latch: true } },
    kazoo: { lock: true, election: true },
  })
}
