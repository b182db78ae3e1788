/** A user who may read and write the prefix, and nothing else: what docs/operations.md says of it, with its own commands. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { connect } from '../../lib/index.ts'
import type { MetadataStore } from '../../lib/store/metadata-store.ts'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { Bed } from './least-privilege/bed.ts'
import { leastPrivilegeRun } from './least-privilege/run.ts'

/** Of super:test. */
const SUPER = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

describe('operations: a user with rights to one prefix', function () {
  this.timeout(90_000)

  before(function () {
    requireOrSkip(this, 'etcd', 'etcdctl')
  })

  it('under writes: passwords and certificates are changed, and nothing is lost, no session ends, etcd stays small', async () => {
    const report = await leastPrivilegeRun({
      ms: 12_000,
      retention: '2s',
      quotaBytes: 256 * 2 ** 20,
      tokenTtl: 2,
    })
    expect(report.acknowledged).to.be.above(0)
    expect(
      [...report.lines.keys()].filter((line) => line.includes('only root may')),
    ).to.have.length(1)
  })

  describe('beside the proxies', () => {
    let bed: Bed
    let store: MetadataStore | undefined
    const ends: (() => Promise<unknown>)[] = []

    before(async () => {
      bed = await Bed.start({ retention: '5m', quotaBytes: 2 ** 30, tokenTtl: 60 })
    })
    after(async () => {
      for (const end of ends.reverse()) await end()
      await store?.close()
      await bed?.stop()
    })

    /** Of `anykeeper`, until it ends. */
    const run = (...args: string[]): Promise<{ code: number; output: string }> =>
      new Promise((resolve) => {
        const done = (error: unknown, stdout: string, stderr: string): void => {
          const code = (error as { readonly code?: number } | null)?.code ?? 0
          resolve({ code, output: stdout + stderr })
        }
        execFile(
          process.execPath,
          [program, ...args, '--store', bed.url],
          { timeout: 30_000 },
          done,
        )
      })

    it('export, repair and import, the change feed and etcd’s size; another prefix is out of reach', async () => {
      const proxy = await startAnykeeper({ store: bed.url, superDigest: SUPER })
      ends.push(() => proxy.stop())
      const auth = [{ scheme: 'digest', auth: 'super:test' }]
      const client = await connect(`zk://${proxy.connectString}`, { auth })
      ends.push(() => client.close())
      const changes = client.changes()
      await client.create('/a', Buffer.from('kept'))
      for await (const record of changes) if (inspect(record, { depth: 5 }).includes('/a')) break
      expect(await proxy.fourLetterWord('mntr')).to.match(/zk_anykeeper_store_bytes\t[1-9]/)
      await client.close()
      await proxy.stop()
      const [one, two] = ['one', 'two'].map((name) => join(bed.folder, name))
      expect(await run('export', '--output', one!)).to.include({ code: 0 })
      expect(await run('repair', '--dry-run')).to.include({ code: 0 })
      await bed.etcdctl(
        'ETCDCTL_USER=root ETCDCTL_PASSWORD="$(cat root.password)" etcdctl del --prefix /anykeeper/',
      )
      expect(await run('import', '--input', one!)).to.include({ code: 0 })
      expect(await run('export', '--output', two!)).to.include({ code: 0 })
      expect(readFileSync(two!)).to.deep.equal(readFileSync(one!))
      const elsewhere = await run('serve', '--prefix', '/other', '--listen', '127.0.0.1:0')
      expect(elsewhere.code).to.equal(1)
      expect(elsewhere.output).to.match(/^error: .*permission denied.*$/m)
    })

    it('maintenance is refused, in a sentence', async () => {
      store = await openStore(bed.url)
      const options = { ratio: 0, share: 0, freeShare: 1, timeoutMs: 5_000, mayGoOn: () => true }
      const error = await store.reclaim!({ ...options, onStep: () => {} }).then(
        () => undefined,
        (reason: Error) => reason,
      )
      expect(error).to.include({ code: 'STORE_UNAUTHENTICATED' })
      expect(error?.message).to.match(/permission denied/)
    })
  })
})
