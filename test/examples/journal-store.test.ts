/** The example adapter is a store: it passes both suites of the built package, and a line that was cut off is no line. */
import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from 'anykeeper/adapters'
import { keeperConformance, type StoreFixture, storeConformance } from 'anykeeper/conformance'
import { expect } from 'chai'
import { JournalStore } from '../../examples/journal-store.ts'
import { bytes, text } from '../conformance/support.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const factory = async (): Promise<StoreFixture> => {
  const folder = temporaryFolder('journal')
  const path = join(folder, 'store.journal')
  let store = await JournalStore.open(path)
  return {
    open: async () => store.handle(),
    stop: async () => {
      await store.close()
      removeFolder(folder)
    },
    restart: async () => {
      await store.close()
      store = await JournalStore.open(path)
    },
  }
}
storeConformance({ name: 'example journal', features: { persistent: true }, factory })
keeperConformance({ name: 'example journal', factory })

describe('example journal store', () => {
  it('opens by its URL, and forgets a line that was not written to its end', async () => {
    const folder = temporaryFolder('journal')
    const path = join(folder, 'store.journal')
    const url = `journal:${path}`
    const put = { type: 'put', key: bytes('a'), value: bytes('1') } as const
    let store = await openStore(url)
    await store.txn({ compares: [], ops: [put] })
    await store.close()
    const { size } = statSync(path)
    appendFileSync(path, '{"ops":[{"type":"put","fields":["Y')
    store = await openStore(url)
    const { kvs } = await store.range({ start: bytes(''), end: bytes('z') })
    expect(kvs.map((kv) => text(kv.key) + text(kv.value))).to.deep.equal(['a1'])
    await store.close()
    expect(statSync(path).size).to.equal(size)
    removeFolder(folder)
  })
})
