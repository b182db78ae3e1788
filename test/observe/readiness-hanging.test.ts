/**
 * /readyz, ruok and clients while the store takes no write: a real disk that completes none. On files reads and heartbeats go through, and
 * commits hang; etcd answers nothing that is not older than its first write that hangs.
 */
import { expect } from 'chai'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { requireEtcd, startEtcd } from '../support/etcd-server.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { canHang, type HangingDisk, hangingDisk } from '../support/hanging-disk.ts'
import { http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { ReadyWatch } from './ready-watch.ts'

/** etcd makes its log 64 MB long; of the file that holds the disk only what is written is there. */
const DISK_BYTES = 400 * 2 ** 20
const LATE_MS = 60_000

// Where the kernel cannot hold writes back there is no such disk, and no such test.
if (canHang()) describe('observe/readiness while writes hang', readiness)
else
  console.log('  observe/readiness while writes hang: left out, this kernel has no disk that hangs')

function readiness(this: Mocha.Suite) {
  this.timeout(120_000)
  const ends: (() => unknown)[] = []
  let disk: HangingDisk
  let server: AnykeeperProcess
  let adminPort: number
  let watch: ReadyWatch

  beforeEach(() => {
    disk = hangingDisk(DISK_BYTES)
    ends.push(() => disk.remove())
  })
  afterEach(async () => {
    disk.release()
    for (const end of ends.splice(0).reverse()) await end()
  })

  async function serve(store: string): Promise<RawClient> {
    adminPort = await freePort()
    server = await startAnykeeper({ store, args: ['--admin-listen', `127.0.0.1:${adminPort}`] })
    ends.push(() => server.kill())
    watch = new ReadyWatch(adminPort)
    ends.push(() => watch.stop())
    await watch.until(true, 0)
    return client()
  }

  async function client(): Promise<RawClient> {
    const one = await RawClient.connect({ port: server.port, timeoutMs: 60_000 })
    ends.push(() => one.destroy())
    return one
  }

  const ruok = () => server.fourLetterWord('ruok')
  const checks = async () => (await http(adminPort, '/readyz?verbose')).body

  it('files: commits hang, reads are served; not ready, then not well, then all resumes', async () => {
    const writer = await serve(`file:${disk.path}/data`)
    expect((await writer.create('/n', { data: 'x' })).err).to.equal(0)
    const reader = await client()
    let write: Promise<unknown> = Promise.resolve()
    const said = await watch.endsAndBegins(
      'the disk hangs under files',
      () => {
        disk.hang(server.child.pid)
        write = writer.setData('/n', 'y').catch(() => undefined)
      },
      async () => {
        expect(await checks()).to.match(/^\[\+\]serving ok$/m)
        expect(await checks()).to.match(/^\[-\]commits failed: requests have been waiting/m)
        expect(await checks()).to.match(/^\[\+\]space ok$/m)
        expect(await ruok()).to.equal('imok')
        expect((await reader.getData('/n')).err).to.equal(0)
        const trouble = await eventually(
          'ruok says why',
          async () => {
            const answer = await ruok()
            return answer !== 'imok' && answer
          },
          LATE_MS,
        )
        expect(trouble).to.match(/not currently serving requests.*no commit for \d{5} ms/s)
        await writer.waitFor(() => writer.closed)
        await reader.waitFor(() => reader.closed)
        expect((await http(adminPort, '/livez')).status).to.equal(200)
        disk.release()
      },
    )
    expect(said).to.match(/^requests have been waiting for \d+ ms while none was committed$/m)
    await write
    expect(await ruok()).to.equal('imok')
    expect((await (await client()).getData('/n')).record.data?.toString()).to.be.oneOf(['x', 'y'])
  })

  it('etcd: its disk hangs, and it confirms nothing behind the write that waits', async function () {
    requireEtcd(this)
    const etcd = await startEtcd({ flags: [`--data-dir=${disk.path}/etcd`] })
    ends.push(() => etcd.stop())
    const writer = await serve(`etcd://${etcd.host}`)
    expect((await writer.create('/n', { data: 'x' })).err).to.equal(0)
    let write: Promise<unknown> = Promise.resolve()
    const said = await watch.endsAndBegins(
      'the disk hangs under etcd',
      () => {
        disk.hang(etcd.pid)
        write = writer.setData('/n', 'y').catch(() => undefined)
      },
      async () => {
        await eventually(
          'ruok says why',
          async () => /not currently serving requests.*no proof of freshness/s.test(await ruok()),
          LATE_MS,
        )
        expect((await http(adminPort, '/livez')).status).to.equal(200)
        disk.release()
      },
    )
    // What is over first depends on when the last look at head was.
    expect(said).to.match(/no proof of freshness for \d+ ms|requests have been waiting for \d+ ms/)
    await write
    expect(await ruok()).to.equal('imok')
  })
}
