/**
 * Commands as processes of their own, the same on a store, on anykeeper and on ZooKeeper: results and exit codes. Each process
 * takes a while to start: what the shell does in the same way is in words.test.ts.
 */
import { expect } from 'chai'
import { connect, type ZooKeeper } from '../../index.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { beds } from './beds.ts'
import { type Ended, endCommands, run, start } from './command-run.ts'

/** No UTF-8, with escapes of terminals, and nearly as long as a request may be. */
const BINARY = Buffer.concat([
  Buffer.from([0xff, 0x00, 0x1b, 0x5b, 0x32, 0x4a]),
  Buffer.alloc(1_000_000, 'ab\n'),
])
const OPS = ['--auth', 'digest:ops:secret']
/** As a person might name it. */
const ODD = `/t/it's "a"\u202e\\b`
const ODD_SHOWN = `it's "a"\\u{202e}\\b`

for (const bed of beds) {
  describe(`shell: the commands on ${bed.name}`, function () {
    this.timeout(180_000)
    let server: Awaited<ReturnType<typeof bed.start>>
    let env: Record<string, string>
    /** Where others may be beside the command. */
    let other: ZooKeeper | undefined

    before(async function () {
      for (const need of bed.needs) requireOrSkip(this, need)
      server = await bed.start()
      env = { ANYKEEPER_SERVER: server.url }
      if (!bed.isAlone) other = await connect(server.url)
    })
    afterEach(endCommands)
    after(async () => {
      await other?.close()
      await server?.stop()
    })

    const on = (args: readonly string[], input?: string | Uint8Array): Promise<Ended> =>
      run(args, { env, ...(input !== undefined && { input }) })
    /** Of commands that do not depend on each other. */
    const all = async (lines: readonly (readonly string[])[]): Promise<Ended[]> => {
      if (!bed.isAlone) return Promise.all(lines.map((line) => on(line)))
      const done: Ended[] = []
      for (const line of lines) done.push(await on(line))
      return done
    }

    it('create, get: bytes come back as they were, and JSON says what they are', async () => {
      const made = await on(['create', '-s', '-p', '/t/a/b/n-', 'x'])
      expect(made).to.include({ code: 0, out: '/t/a/b/n-0000000000\n', err: '' })
      expect(await on(['create', '--input', '-', ODD], BINARY)).to.include({ code: 0, err: '' })
      const [binary, json] = await all([
        ['get', ODD],
        ['get', '--json', ODD],
      ])
      expect(binary?.bytes.equals(BINARY)).to.equal(true)
      const value = JSON.parse(json?.out ?? '')
      expect(value).to.include({ path: ODD, encoding: 'base64' })
      expect(Buffer.from(value.data, 'base64').equals(BINARY)).to.equal(true)
      const stat = { version: 0, dataLength: BINARY.length, ephemeralOwner: '0x0' }
      expect(value.stat).to.include(stat)
    })

    it('rights: who may not read is refused with 4, and the rest of a tree is shown', async () => {
      const input = 'create /t/hidden secret auth::cdrwa\ncreate /t/hidden/below\n'
      expect(await run(['shell', ...OPS], { env, input })).to.include({ code: 0 })
      const [refused, seen, paths, tree, absent] = await all([
        ['get', '/t/hidden'],
        ['get', ...OPS, '/t/hidden'],
        ['ls', '-R', '/t'],
        ['tree', '/t'],
        ['get', '/nowhere'],
      ])
      const says = 'not permitted by the ACL: /t/hidden\n'
      expect(refused).to.include({ code: 4, out: '', err: `error: ${says}` })
      expect(seen).to.include({ code: 0, out: 'secret' })
      const out = `/t\n/t/a\n/t/a/b\n/t/a/b/n-0000000000\n/t/hidden\n/t/${ODD_SHOWN}\n`
      expect(paths).to.include({ code: 4, out, err: says })
      expect(tree).to.include({ code: 4, err: says })
      expect(tree?.out.split('\n')).to.deep.equal([
        '/t  (3 children)',
        '├── a  (1 child)',
        '│   └── b  (1 child)',
        '│       └── n-0000000000  (1 byte)',
        '├── hidden  (hidden by its ACL)',
        `└── ${ODD_SHOWN}  (976.6 KiB)`,
        '',
      ])
      expect(absent).to.include({ code: 3, out: '', err: 'error: no such znode: /nowhere\n' })
    })

    /** Of a bed that others may use beside the command. */
    const besides = bed.isAlone ? undefined : it
    besides?.(
      'watch: one line an event, and it ends after so many, or by Ctrl-C with 130',
      async () => {
        const watching = start(['watch', '-R', '--count', '2', '/t'], { env })
        const stopped = start(['watch', '/t'], { env })
        await Promise.all([watching.until(/watching \/t/), stopped.until(/watching \/t/)])
        stopped.signal('SIGINT')
        expect(await stopped.ended).to.include({ code: 130, out: '' })
        await other?.setData('/t', Buffer.from('new'))
        await other?.delete('/t/a/b/n-0000000000')
        const { code, out } = await watching.ended
        expect(code).to.equal(0)
        const events = out.trimEnd().split('\n')
        const words = events.map((line) => line.replace(/^\d{4}-\S+Z /, ''))
        expect(words).to.deep.equal(['changed /t', 'deleted /t/a/b/n-0000000000'])
      },
    )

    it('status, sessions, doctor: what they know here', async () => {
      await other?.create('/t/mine', null, { mode: 'ephemeral' })
      const [status, sessions, doctor] = await all([
        ['status', '--json'],
        ['sessions', '--json'],
        ['doctor', '--json', '--top', '2', '--strict'],
      ])
      expect(status?.code, status?.err).to.equal(0)
      expect(JSON.parse(status?.out ?? ''))
        .to.include({ ok: true })
        .and.have.property('znodes')
        .above(4)
      const owners = (sessions?.out ?? '').split('\n').filter((line) => line.includes('/t/mine'))
      expect(owners, sessions?.err).to.have.length(bed.isAlone ? 0 : 1)
      // The large value is near to what clients take, and a znode is hidden.
      expect(doctor?.code, doctor?.err).to.equal(1)
      const found = JSON.parse(doctor?.out ?? '')
      expect(found.largest[0]).to.deep.equal({ path: ODD, count: BINARY.length })
      expect(found.warnings).to.have.length(2)
      const counts = found.owners.map(({ count }: { count: number }) => count)
      expect(counts).to.deep.equal(bed.isAlone ? [] : [1])
    })

    const once = bed.needs.length > 0 ? undefined : besides
    once?.('bench: measures, and leaves nothing', async () => {
      const bench = await on(['bench', '--seconds', '1', '--in-flight', '8', '/t'])
      expect(bench.out).to.match(/^OPERATION.+\ncreate .+\nset .+\nget .+\nexists .+\n$/)
      expect((await other?.getChildren('/t'))?.children.join()).to.not.contain('bench')
    })

    it('rm -r: nothing is left', async () => {
      expect(await on(['rm', '-r', ...OPS, '/t'])).to.include({ code: 0, out: '', err: '' })
      expect(await on(['stat', '/t'])).to.include({ code: 3 })
    })
  })
}
