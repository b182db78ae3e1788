/** `npm run test:copy -- [--znodes 100000] [--keep FOLDER]`: the round trip of a large tree, with its times. */
import { mkdirSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { startEtcd } from '../support/etcd-server.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { RoundTrip } from './round-trip.ts'

const { values } = parseArgs({ options: { znodes: { type: 'string' }, keep: { type: 'string' } } })
const znodes = Number(values.znodes ?? 100_000)
if (!Number.isSafeInteger(znodes) || znodes < 1) throw new Error('--znodes is a whole number')
const folder = values.keep ?? temporaryFolder('copy')
mkdirSync(folder, { recursive: true })
const etcd = await startEtcd({ flags: ['--max-txn-ops=4096'] })
try {
  const trip = new RoundTrip({
    ...{ etcd: etcd.host, folder, znodes },
    onStep: (what, ms) => console.log(`${what}: ${(ms / 1_000).toFixed(1)} s`),
  })
  await trip.plant()
  await trip.copy()
  await trip.serveCopy()
  const megabytes = statSync(trip.file('etcd')).size / 1e6
  console.log(
    `${trip.znodeCount} znodes, ${megabytes.toFixed(1)} MB: identical, and served the same`,
  )
} finally {
  await etcd.stop()
  if (values.keep === undefined) removeFolder(folder)
}
