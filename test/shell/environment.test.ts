/** Where a command runs: signals, streams that are closed or full, files that are none, no home, and who can read a password. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../adapters/index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { CommandRun, type Ended, endCommands, run, start, startAtTerminal } from './command-run.ts'
import { many } from './many.ts'

const built = join(import.meta.dirname, '../../dist/cli.js')
const STACK = /^\s+at /m

describe('shell: where it runs', function () {
  this.timeout(120_000)
  let server: AnykeeperProcess
  let folder: string
  let env: Record<string, string>
  before(async () => {
    server = await startAnykeeper()
    folder = temporaryFolder('shell-environment')
    env = { ANYKEEPER_SERVER: server.connectString }
    const input = 'create /t x\ncreate /t/mine secret digest:ops:2DzOzVkqzXk/lFeEPVpJoNTXOQM=:r\n'
    expect((await run(['shell'], { env, input })).code).to.equal(0)
  })
  after(async () => {
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })
  afterEach(endCommands)

  /** A line of a shell, in which $A is the program. */
  const inShell = (line: string) =>
    new CommandRun('bash', ['-c', line], { ...env, A: `${process.execPath} ${built}` }).ended

  it('a signal ends what runs long: its exit code, no stack, and a benchmark leaves nothing', async () => {
    const cases = [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const
    const ended = await Promise.all(
      cases.map(async ([signal]) => {
        const watch = start(['watch', '/t'], { env })
        const shell = start(['shell'], { env })
        await watch.until(/watching/)
        shell.write('watch /t/none\n')
        await shell.until(/watching/)
        for (const one of [watch, shell]) one.signal(signal)
        return Promise.all([watch.ended, shell.ended])
      }),
    )
    const begun = start(['watch', '--count', '1', '/t'], { env })
    await begun.until(/watching/)
    const bench = start(['bench', '--seconds', '60', '/t'], { env })
    expect((await begun.ended).out).to.match(/children \/t\n$/)
    bench.signal('SIGHUP')
    ended[2]?.push(await bench.ended)
    for (const [at, [signal, code]] of cases.entries()) {
      for (const one of ended[at] ?? []) {
        expect(one.code, `${signal}: ${one.err}`).to.equal(code)
        expect(one.err).to.not.match(STACK)
      }
    }
    expect((await run(['ls', '/t'], { env })).out).to.equal('mine\n')
  })

  it('Ctrl-C at a terminal ends a command with 130, and the terminal is as before', async () => {
    const watch = startAtTerminal(['watch', '/t'], env)
    await watch.until(/watching/)
    watch.write('\x03')
    const { code, out } = await watch.ended
    expect(code).to.equal(130)
    // The cursor, where it was hidden, is shown again.
    expect(out.lastIndexOf('\u001b[?25l')).to.be.at.most(out.lastIndexOf('\u001b[?25h'))
  })

  it('streams that are closed or full: a sentence at most, never a stack', async function () {
    if (process.platform !== 'linux') this.skip()
    const cases: [line: string, code: number, says: RegExp][] = [
      ['$A ls /t <&-', 0, /^$/],
      ['$A ls /t >&-', 0, /^$/],
      ['$A nope 2>&-', 2, /^$/],
      ['$A shell <&-', 0, /^$/],
      ['$A ls /t > /dev/full', 1, /^error: ENOSPC/],
      ['$A completion bash > /dev/full', 1, /^error: stdout cannot be written: ENOSPC/],
      ['$A export --help > /dev/full', 1, /^error: stdout cannot be written: ENOSPC/],
      ['$A --version > /dev/full', 1, /^error: stdout cannot be written: ENOSPC/],
      ['set -o pipefail; $A completion bash | head -1 > /dev/null', 0, /^$/],
    ]
    const ended = await Promise.all(cases.map(([line]) => inShell(line)))
    for (const [at, [line, code, says]] of cases.entries()) {
      expect(ended[at]?.code, `${line}: ${ended[at]?.err}`).to.equal(code)
      expect(ended[at]?.err, line).to.match(says).and.not.match(STACK)
    }
  })

  it('no home, no locale, a narrow and dumb terminal, a folder that nobody may write', async () => {
    const bare = await inShell(
      `cd /; env -i ANYKEEPER_SERVER=$ANYKEEPER_SERVER COLUMNS=1 TERM=dumb LANG=C $A ls /t`,
    )
    expect(bare).to.include({ code: 0, out: 'mine\n', err: '' })
    const narrow = startAtTerminal(['shell'], { ...env, TERM: 'dumb', HOME: '/proc/none' })
    await narrow.until(/> /)
    narrow.write('ls /t\r')
    await narrow.until(/mine/)
    narrow.write('quit\r')
    const { code, out } = await narrow.ended
    expect(code).to.equal(0)
    expect(out).to.match(/the history is not kept: \/proc\/none\S*: .*\(ENOENT\)/)
  })

  it('a current folder that is gone, or is not for this user: works, but for what is relative to it', async function () {
    const data = join(folder, 'of-cwd')
    await (await openStore(`file:${data}`)).close()
    const made = await run(['shell', '--server', `file:${data}`], { input: 'create /a\n' })
    expect(made.code).to.equal(0)
    const gone = join(folder, 'gone')
    const out = join(folder, 'of-cwd.jsonl')
    const isRelative =
      /^error: .*: \S+ is relative, and the current folder was deleted: write an absolute path\n$/
    const cases: [line: string, code: number, says: RegExp][] = [
      [`ls /t --server ${server.connectString}`, 0, /^$/],
      [`export --store file:${data} --output ${out}`, 0, /^exported/],
      ['ls / --server file:./x', 5, isRelative],
      ['export --store file:./x', 1, isRelative],
      ['import --store file:x --input /dev/null', 1, isRelative],
      [`backup --store file:${data} ./copy`, 1, isRelative],
      ['backup --store file:./x /copy', 1, isRelative],
      ['serve --store file:./x', 2, isRelative],
      [`export --store file:${data} --output ./x`, 2, /^error: --output \.\/x: there is no such/],
    ]
    const lines = cases.map(([line]) => line.split(' '))
    const ended = await many(lines, `mkdir ${gone}; cd ${gone}; rmdir ${gone};`)
    for (const [at, [line, code, says]] of cases.entries()) {
      expect(ended[at]?.code, `${line}: ${ended[at]?.err}`).to.equal(code)
      expect(ended[at]?.err, line).to.match(says)
    }
    if (process.getuid?.() !== 0) this.skip()
    // Another user, in a folder that only root may enter.
    const closed = join(folder, 'closed')
    mkdirSync(closed, { mode: 0o700 })
    const asNobody = (line: string) =>
      inShell(`cd ${closed}; exec setpriv --reuid 65534 --regid 65534 --clear-groups ${line}`)
    expect(await asNobody('$A ls /t')).to.include({ code: 0, out: 'mine\n', err: '' })
    const refused = await asNobody('$A export --store file:./x --output ./y')
    expect(refused.code).to.equal(2)
    expect(refused.err).to.match(/^error: --output \.\/y: this user may not do that \(EACCES\)\n$/)
  })

  it('a terminal of one column: everything is shown, and nothing hangs', async () => {
    await inShell('echo "create /n x\ncreate /n/a\ncreate /n/b" | $A shell')
    const narrow = (words: string) =>
      new CommandRun('script', ['-qfec', `stty cols 1 rows 1; ${words}`, '/dev/null'], {
        ...env,
        TERM: 'xterm',
      })
    const program = `${process.execPath} ${built}`
    const listed = await narrow(`${program} ls /; ${program} tree /n; ${program} rm -r /n`).ended
    expect(listed.code, listed.out).to.equal(0)
    expect(listed.out.split('\r\n').slice(0, 3)).to.deep.equal(['n', 't', 'zookeeper'])
    expect(listed.out).to.contain('└── b')
    const shell = narrow(`${program} shell`)
    await shell.until(/>/)
    shell.write('ls /t\r')
    await shell.until(/mine/)
    shell.write('quit\r')
    expect((await shell.ended).code).to.equal(0)
  })

  it('a history that is a FIFO is not waited for', async () => {
    const state = join(folder, 'state')
    mkdirSync(join(state, 'anykeeper'), { recursive: true })
    execFileSync('mkfifo', [join(state, 'anykeeper', 'history')])
    const shell = startAtTerminal(['shell'], { ...env, XDG_STATE_HOME: state })
    await shell.until(/the history is not kept: .*history: it is no file/)
    shell.write('quit\r')
    expect((await shell.ended).code).to.equal(0)
  })

  it('a password in a file is in no list of processes, and the identity is proved', async () => {
    const file = join(folder, 'identities')
    writeFileSync(file, '# of the operators\ndigest:ops:secret\n', { mode: 0o600 })
    const watch = start(['watch', '--auth-file', file, '/t'], { env })
    await watch.until(/watching/)
    if (process.platform === 'linux') {
      const shown = readFileSync(`/proc/${watch.child.pid}/cmdline`, 'utf8')
      expect(shown).to.contain('--auth-file').and.not.contain('secret')
    }
    const ids = await run(['whoami', '--auth-file', file], { env })
    expect(ids.out).to.match(/digest:ops/)
    writeFileSync(file, 'hunter2\n')
    const refused = await run(['whoami', '--auth-file', file], { env })
    expect(refused).to.include({ code: 2, out: '' })
    expect(refused.err)
      .to.match(/--auth-file .*: expected scheme:auth/)
      .and.not.contain('hunter2')
  })

  it('files that are none: refused with their flag, before anything is read or written', async function () {
    if (process.platform !== 'linux') this.skip()
    const data = `file:${join(folder, 'files')}`
    await (await openStore(data)).close()
    const made = await run(['shell', '--server', data], { input: 'create /a\n' })
    expect(made.err).to.match(/^note: there was no tree below \/anykeeper/)
    const out = (path: string) => ['export', '--store', data, '--output', path]
    const to = (path: string) => ['export', '--store', data, '--format', 'zookeeper-snapshot', path]
    const cases: [args: string[], says: RegExp][] = [
      [out('/proc/absent/x'), /--output \/proc\/absent\/x: there is no such file or folder/],
      [out(folder), /--output \S+: it is a folder \(EISDIR\)/],
      [to('/proc/absent/x'), /<dir> \/proc\/absent\/x: there is no such file or folder/],
      [['set', '/t', '--input', folder], /--input \S+: it is a folder \(EISDIR\)/],
      [
        ['import', '--store', 'memory:', '--input', '/absent'],
        /--input \/absent: there is no such/,
      ],
    ]
    // One process at a time may use a store in files.
    const ended: Ended[] = []
    for (const [args] of cases) ended.push(await run(args, { env }))
    for (const [at, [args, says]] of cases.entries()) {
      expect(ended[at]?.code, `${args}: ${ended[at]?.err}`).to.equal(2)
      expect(ended[at]?.err).to.match(says)
    }
    const port = await run(['serve', '--store', 'memory:', '--listen', server.connectString])
    expect(port.code).to.equal(1)
    expect(port.err).to.match(
      /^error: --listen \S+ is not available: another process listens there/m,
    )
  })

  it('a FIFO is written to when it has a reader, and read from without holding the process', async () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const waiting = start(['set', '/t', '--input', fifo], { env })
    const written = new CommandRun('bash', ['-c', `echo -n new > ${fifo}`])
    expect((await written.ended).code).to.equal(0)
    expect((await waiting.ended).code).to.equal(0)
    expect((await run(['get', '/t'], { env })).out).to.equal('new')
    const stopped = start(['set', '/t', '--input', fifo, '--json'], { env })
    // It opens for writing when the command has opened it for reading, and holds it open until it is ended.
    const silent = new CommandRun('bash', ['-c', `exec 3> ${fifo}; echo open; read`])
    await silent.until(/open/)
    stopped.signal('SIGINT')
    expect((await stopped.ended).code).to.equal(130)
    silent.write('\n')
    expect((await silent.ended).code).to.equal(0)
  })

  it('a chroot that is not there is named', async () => {
    const { code, err } = await run(['ls', '/', '--server', `${server.connectString}/none`])
    expect(code).to.equal(3)
    expect(err).to.equal(
      `error: the chroot /none is not there: anykeeper create -p /none --server zk://${server.connectString}\n`,
    )
  })
})
