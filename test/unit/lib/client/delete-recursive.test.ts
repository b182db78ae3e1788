/** deleteRecursive: how much is in flight, and what is counted when it ends in the middle. */
import { expect } from 'chai'
import { deleteRecursive, type ZooKeeper } from '../../../../lib/index.ts'

const CHILDREN = 10

/** A tree of one level. The deletes of children wait until all that are in flight have begun. */
function stub(fails?: string) {
  const left = new Set(Array.from({ length: CHILDREN }, (_, i) => `/a/${i}`))
  const seen = { inFlight: 0, most: 0 }
  const client = {
    getChildren: async () => ({ children: [...left].map((path) => path.slice('/a/'.length)) }),
    async delete(path: string) {
      seen.most = Math.max(seen.most, ++seen.inFlight)
      await new Promise((resolve) => setImmediate(resolve))
      seen.inFlight--
      if (path === fails) throw new Error('refused')
      left.delete(path)
    },
  }
  return { client: client as unknown as ZooKeeper, left, seen }
}

describe('lib/client/deleteRecursive', () => {
  it('has as many deletes in flight as are permitted, and no more', async () => {
    for (const inFlightMax of [1, 3, 64]) {
      const { client, left, seen } = stub()
      await deleteRecursive(client, '/a', { inFlightMax })
      expect(left.size).to.equal(0)
      expect(seen.most).to.equal(Math.min(inFlightMax, CHILDREN))
    }
    for (const inFlightMax of [0, 1.5, Number.NaN]) {
      const refused = await deleteRecursive(stub().client, '/a', { inFlightMax }).catch(
        ({ code }: { code: string }) => code,
      )
      expect(refused).to.equal('ZK_BAD_ARGUMENTS')
    }
  })

  it('one that is refused: the others in flight have their answers, and are counted', async () => {
    const { client, left, seen } = stub('/a/1')
    let deleted = 0
    const onDeleted = (count: number): void => {
      deleted += count
    }
    const why = await deleteRecursive(client, '/a', { onDeleted, inFlightMax: 4 }).catch(
      ({ message }: Error) => message,
    )
    expect(why).to.equal('refused')
    expect({ deleted, inFlight: seen.inFlight }).to.deep.equal({ deleted: 3, inFlight: 0 })
    expect(left.size).to.equal(CHILDREN - deleted)
  })
})
