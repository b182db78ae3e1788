/**
 * A process with a file store, for tests that need another one: opens the folder, says what became of
 * it, and holds it until it is ended. With a number as third argument it writes that many keys first.
 */
import { openStore } from '../../../adapters/index.ts'

const [url, count = '0'] = process.argv.slice(2)
try {
  const store = await openStore(url!)
  for (let i = 0; i < Number(count); i++) {
    const op = { type: 'put', key: Buffer.from(`child/${i}`), value: Buffer.from(`${i}`) } as const
    await store.txn({ compares: [], ops: [op] })
  }
  console.log('holding')
  setInterval(() => {}, 1_000)
} catch (error) {
  console.log(`refused ${(error as { code: string }).code}: ${(error as Error).message}`)
}
