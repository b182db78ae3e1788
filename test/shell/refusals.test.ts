/** What commands end with where there is nothing to talk to, where it goes away, and where nobody reads. */
import { join } from 'node:path'
import { expect } from 'chai'
import { startAnykeeper } from '../support/anykeeper-process.ts'
import { freePort } from '../support/free-port.ts'
import { stopProcess } from '../support/stop-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { endCommands, run, start, startAtTerminal } from './command-run.ts'

describe('shell: refusals', function () {
  this.timeout(120_000)
  let folder: string
  before(() => {
    folder = temporaryFolder('shell-refusals')
  })
  after(() => removeFolder(folder))
  afterEach(endCommands)

  it('no server, no store: a sentence, exit 5, and nothing is made', async () => {
    const nowhere = `127.0.0.1:${await freePort()}`
    const cases: [server: string, says: RegExp][] = [
      [nowhere, /^error: no server answered within 500 ms: .*ECONNREFUSED 127\.0\.0\.1:\d+\n$/],
      [`file:${join(folder, 'absent')}`, /^error: there is no data in .*absent\n$/],
    ]
    for (const [server, says] of cases) {
      const { code, out, err } = await run(['ls', '--server', server, '--timeout', '500', '/'])
      expect({ code, out }, server).to.deep.equal({ code: 5, out: '' })
      expect(err).to.match(says)
    }
    const status = await run(['status', '--server', nowhere])
    expect(status.code).to.equal(5)
    expect(status.out).to.match(/no .*did not answer: .*ECONNREFUSED/)
  })

  const wrong: [what: string, args: string[], says: RegExp][] = [
    ['a flag that is none', ['ls', '--frobnicate=secret', '/'], /unknown option '--frobnicate/],
    [
      'a flag that a terminal would obey',
      ['ls', '--\u001b[31mx\u202e'],
      /unknown option '--\\u\{1b\}\[31mx\\u\{202e\}'/,
    ],
    ['no path', ['get'], /missing required argument/],
    ['a scheme that is none', ['ls', '--server', 'bolt://x', '/'], /store URL must begin with/],
    ['a server that is none', ['ls', '--server', 'zk://a:b', '/'], /not host:port/],
    ['a store without its flag', ['serve', 'etcd://u:hunter2@x'], /write --store etcd:…/],
    ['an address without its flag', ['serve', '127.0.0.1:2181'], /write --listen 127/],
    ['a password before the server', ['ls', '--server', 'zk://u:hunter2@x'], /takes no user/],
    ['a password with a slash', ['ls', '--server', 'zk://u:secret/hunter2@x'], /takes no user/],
    ['an empty path', ['set', '--server', 'memory:', '', 'x'], /the path is empty/],
    ['an empty path that may be left out', ['ls', '--server', 'memory:', ''], /the path is empty/],
    ['an identity without a scheme', ['ls', '--auth', 'hunter2', '/'], /scheme:auth/],
    ['data twice', ['set', '--server', 'memory:', '--input', '-', '/a', 'x'], /not both/],
    [
      'a file that is not there',
      ['ls', '--server', 'zks://x', '--ca', '/nowhere', '/'],
      /--ca \/nowhere: there is no such file/,
    ],
  ]
  // Node's recursive mkdir spins there, and a process that spins takes no signal.
  it('a store where the file system refuses new names: a sentence, not a loop', async function () {
    if (process.platform !== 'linux') this.skip()
    const { code, err } = await run(['serve', '--store', 'file:/proc/absent/deeper'])
    expect({ code, isLine: /^error: .*ENOENT/m.test(err) }, err).to.deep.equal({
      code: 1,
      isLine: true,
    })
  })

  it('bad arguments: a sentence, exit 2', async () => {
    const ended = await Promise.all(wrong.map(([, args]) => run(args)))
    for (const [at, [what, , says]] of wrong.entries()) {
      expect(ended[at], what).to.include({ code: 2, out: '' })
      expect(ended[at]?.err, what)
        .to.match(says)
        .and.not.match(/secret|hunter2/)
    }
  })

  it('a server that goes away in the middle: reads end with 5, writes with 7', async () => {
    const server = await startAnykeeper({ tickTimeMs: 500 })
    try {
      const flags = [
        '--server',
        server.connectString,
        '--timeout',
        '1500',
        '--session-timeout',
        '2000',
      ]
      const [reader, writer, watcher] = [
        start(['shell', ...flags]),
        start(['shell', ...flags]),
        start(['watch', ...flags, '/']),
      ]
      writer.write('create /x 1\n')
      await writer.until(/\/x\n/)
      reader.write('ls /\n')
      await reader.until(/zookeeper\n/)
      await watcher.until(/watching/)
      stopProcess(server.child.pid)
      writer.write('set /x 2\n')
      reader.write('ls /\n')
      const ended = await Promise.all([reader.ended, writer.ended, watcher.ended])
      expect(ended.map(({ code }) => code)).to.deep.equal([5, 7, 5])
      for (const { err } of ended) expect(err).to.match(/^error: .+/m)
      expect(ended[1].err).to.contain('outcome unknown')
    } finally {
      await server.kill()
    }
  })

  it('removewatches without a server: refused, and with -l done', async () => {
    const server = await startAnykeeper()
    const at = ['--server', server.connectString, '--timeout', '300']
    const shell = start(['shell', '--keep-going', ...at])
    try {
      shell.write('stat -w /\n')
      await shell.until(/numChildren/)
    } finally {
      await server.kill()
    }
    await shell.until(/the connection was lost/)
    shell.child.stdin?.end('removewatches /\nremovewatches -l /\nremovewatches /\n')
    const { err } = await shell.ended
    expect(err.split('\n').filter((line) => line.startsWith('error:'))).to.deep.equal([
      'error: connection lost: /',
      'error: no such watch: /',
    ])
  })

  it('a reader that has enough ends it without a word; NO_COLOR and a pipe have no colours', async () => {
    const server = await startAnykeeper()
    try {
      const env = { ANYKEEPER_SERVER: server.connectString }
      const script = start(['shell', '--keep-going'], { env })
      const lines = Array.from({ length: 300 }, (_, i) => `create /n${i} ${'x'.repeat(40)}`)
      script.child.stdin?.end(`${lines.join('\n')}\ncreate /esc "\\t\u001b[2J\u0007"\n`)
      expect((await script.ended).code).to.equal(0)
      const cut = start(['ls', '-R', '/'], { env, input: '' })
      cut.child.stdout?.destroy()
      expect(await cut.ended).to.include({ code: 1, err: '' })
      const plain = await run(['tree', '--children', '3', '/'], { env })
      expect(plain.out).to.contain('└── … 299 more').and.not.contain('\u001b')
      const shown = await startAtTerminal(['tree', '--children', '3', '/'], env).ended
      expect(shown.out).to.contain('\u001b[2m')
      const bare = await startAtTerminal(['tree', '--children', '3', '/'], {
        ...env,
        NO_COLOR: '1',
      }).ended
      expect(bare.out).to.contain('more').and.not.contain('\u001b')
      const data = await startAtTerminal(['get', '/esc'], env).ended
      expect(data.out).to.equal('\t\\u{1b}[2J\\u{7}\r\n')
      const columns = await startAtTerminal(['ls', '/'], env).ended
      const widths = columns.out.split('\r\n').map(({ length }) => length)
      expect(Math.max(...widths)).to.be.within(60, 80)
    } finally {
      await server.stop()
    }
  })
})
