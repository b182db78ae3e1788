/** For how long a store that does not answer is tried again: as long as it is said, by all that write a tree. */
import { expect } from 'chai'
import { abandonImport, type Clock, importTree, StoreError } from '../../../../lib/index.ts'
import { emptyMirror } from '../../../../lib/transfer/empty-mirror.ts'
import { STORE_MS_DEFAULT } from '../../../../lib/transfer/import-marker.ts'
import { chunks, hastyClock, sourceTree, target } from '../copy/bench.ts'

/** The longest pause between two attempts. */
const PAUSE_MS = 2_000

describe('transfer: a store that does not answer', () => {
  for (const storeMs of [4_000, 90_000, undefined]) {
    const untilMs = storeMs ?? STORE_MS_DEFAULT
    it(`is tried again for ${untilMs} ms${storeMs === undefined ? ', unless given' : ''}`, async () => {
      const { lines } = await sourceTree()
      const store = target({})
      store.range = async () => {
        throw new StoreError('STORE_UNAVAILABLE', 'gone')
      }
      const given = storeMs === undefined ? {} : { storeMs }
      for (const run of [
        (clock: Clock) => importTree({ store, input: chunks(lines), clock, ...given }),
        (clock: Clock) => abandonImport({ store, clock, ...given }),
        (clock: Clock) => emptyMirror({ store, prefix: '/anykeeper', clock, ...given }),
      ]) {
        const clock = hastyClock()
        const error = await run(clock).catch((e: Error) => e)
        expect(error).to.be.instanceOf(StoreError).with.property('message', 'gone')
        expect(clock.monotonic()).to.be.within(untilMs - PAUSE_MS, untilMs + PAUSE_MS)
      }
    })
  }
})
