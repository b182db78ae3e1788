/**
 * What an earlier version stored starts: its records and journal, as bytes that it wrote itself, served
 * and exported to the byte as it exported them. Half of the changes are in records, half in the journal.
 */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect, Keeper, type MetadataStore, readTree } from '../../lib/index.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

/** Written by 0.1.0 at 750d23d, the process killed with half of its journal not yet in records. */
const stored = fileURLToPath(new URL('./fixtures/0.1.0/', import.meta.url))

describe('what version 0.1.0 stored', () => {
  it('starts from its records and its journal, on any store', async () => {
    const store = await openStore('memory:')
    try {
      for (const line of readFileSync(join(stored, 'records.jsonl'), 'utf8').trim().split('\n')) {
        const [key, value] = JSON.parse(line) as [string, string]
        await store.txn({
          compares: [],
          ops: [{ type: 'put', key: Buffer.from(key), value: Buffer.from(value, 'base64') }],
        })
      }
      await expectTree(store, 'tree.jsonl')
    } finally {
      await store.close()
    }
  })

  it('starts from its files', async () => {
    const folder = temporaryFolder('stored')
    copyFileSync(join(stored, 'FORMAT'), join(folder, 'FORMAT'))
    const data = gunzipSync(readFileSync(join(stored, 'data.mdb.gz')))
    writeFileSync(join(folder, 'data.mdb'), data)
    const store = await openStore(`file:${folder}`)
    try {
      await expectTree(store, 'file-tree.jsonl')
    } finally {
      await store.close()
      removeFolder(folder)
    }
  })
})

async function expectTree(store: MetadataStore, file: string): Promise<void> {
  const before = readFileSync(join(stored, file), 'utf8')
  expect([...(await readTree({ store }))].join('')).to.equal(before)
  const keeper = await Keeper.open({ store })
  const client = await connect(keeper, { timeoutMs: 10_000 })
  try {
    const { data, stat } = await client.getData('/flushed')
    expect(data && Buffer.from(data).toString()).to.equal('two')
    expect(stat.version).to.equal(1)
    const { path } = await client.create('/flushed/n-', null, { mode: 'persistent-sequential' })
    // Five numbers are given out, and one name without a number.
    expect(path).to.equal('/flushed/n-0000000006')
    await client.close()
  } finally {
    await keeper.close()
  }
}
