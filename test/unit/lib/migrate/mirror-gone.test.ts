/** The keys of a migration vanish from the store while it is followed: it ends with that, and not as if it were taken over. */
import { expect } from 'chai'
import { mirrorBench } from './mirror-bench.ts'
import { create } from './scripted-source.ts'

const SLASH = '/'.charCodeAt(0)

describe('migrate: what was followed is not in the store any more', () => {
  let bench: ReturnType<typeof mirrorBench>
  beforeEach(() => {
    bench = mirrorBench()
  })
  afterEach(() => bench.close())

  for (const [what, start, end] of [
    ['all below the prefix', '/anykeeper/', `/anykeeper${String.fromCharCode(SLASH + 1)}`],
    ['the record of the migration', '/anykeeper/source', '/anykeeper/source\0'],
  ] as const) {
    it(`${what}: it ends with a sentence, and the next one has the whole tree`, async () => {
      const { source, own } = bench
      source.commit(1n, create('/a'))
      const follower = bench.follow({ bounds: { statusMs: 20 } })
      await bench.caughtUp()
      const range = { start: Buffer.from(start), end: Buffer.from(end) }
      await own.txn({ compares: [], ops: [{ type: 'deleteRange', ...range }] })
      source.commit(1n, create('/b'))
      const ended = await follower.ended
      expect(ended).to.have.property('code', 'MIGRATE_NOT_FOLLOWING')
      expect(ended).to.have.property('message').that.includes('is not in the store any more')
      bench.follow()
      source.commit(1n, create('/c'))
      await bench.caughtUp()
      const lines = await bench.lines()
      for (const path of ['/a', '/b', '/c']) expect(lines).to.include(`"path":"${path}"`)
    })
  }
})
