/** A `file:` store while its file system is frozen, as a snapshot of a disk does it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { openEmbeddedStore } from '../../adapters/embedded/embedded-store.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import { bytes } from '../conformance/support.ts'
import { canHang, hangingDisk } from '../support/hanging-disk.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'

const DISK_BYTES = 32 * 2 ** 20
/** Who stops the thread of this test is let go after so long. Unit: s. */
const STOPPED_MAX_SECONDS = 5

// As in test/observe/readiness-hanging.test.ts.
if (canHang()) describe('file store on a frozen file system', frozen)
else console.log('  file store on a frozen file system: left out, this kernel has no such disk')

function frozen(this: Mocha.Suite) {
  this.timeout(60_000)
  const calls: readonly [string, (store: MetadataStore) => Promise<unknown>][] = [
    [
      'a write',
      (store) =>
        store.txn({ compares: [], ops: [{ type: 'put', key: bytes('k'), value: bytes('y') }] }),
    ],
    ['a lease', (store) => store.grantLease({ ttlMs: 60_000 })],
    ['a read', (store) => store.range({ start: bytes('k'), end: bytes('l') })],
    ['a look at its space', (store) => store.space?.() ?? Promise.reject(new Error('no space'))],
  ]
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  it('everything waits, and nothing stops the thread; then all of it is done', async () => {
    const marks = temporaryFolder('frozen-disk')
    const disk = hangingDisk(DISK_BYTES)
    ends.push(
      () => removeFolder(marks),
      () => disk.remove(),
    )
    const store = await openEmbeddedStore({ folder: join(disk.path, 'data') })
    ends.push(() => store.close())
    await calls[0]![1](store)

    disk.freeze()
    const late = join(marks, 'late')
    const rescue = `sleep ${STOPPED_MAX_SECONDS}; : > '${late}'; ${disk.thawCommand}`
    // In a group of its own: with it ends what it has started, which has the files of the store open.
    const guard = spawn('sh', ['-c', rescue], { detached: true })
    const guardEnded = once(guard, 'close')
    const done: string[] = []
    const waiting = calls.map(([name, call]) => call(store).then(() => done.push(name)))
    // A stopped thread comes no further than this before the guard lets it go.
    for (let turns = 0; turns < 100; turns++) await turn()
    expect(existsSync(late), 'this thread was stopped').to.equal(false)
    process.kill(-(guard.pid as number))
    await guardEnded
    expect(done).to.eql([])

    disk.thaw()
    await Promise.all(waiting)
    expect(done).to.have.members(calls.map(([name]) => name))
  })
}
