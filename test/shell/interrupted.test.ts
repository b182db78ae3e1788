/**
 * Ctrl-C, SIGTERM and SIGKILL in the middle of what takes long: it ends, says how far it came, leaves nothing that looks whole and no
 * session. Each is held in the middle by something that does not answer, so no command can be done before its signal.
 */
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as connectSocket, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { beginUnfinished, openStore } from '../../adapters/index.ts'
import { connect, Keeper, type ZooKeeper } from '../../index.ts'
import { readTree } from '../../lib/index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { eventually, within } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { startMuteServer } from '../support/mute-server.ts'
import { stopProcess } from '../support/stop-process.ts'
import { TcpFaultProxy } from '../support/tcp-fault-proxy.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { CommandRun, type Ended, endCommands, run, start } from './command-run.ts'

/** More than the pipes to this process hold as lines of ls -R, and as JSON lines. */
const ZNODES = 6_000
const IN_MULTI = 2_000
/** The list of them, without its lengths: what follows is about as much again. */
const NAMES_BYTES = ZNODES * 60
const DEADLINE_MS = 60_000

async function plant(zk: ZooKeeper, parent: string): Promise<void> {
  await zk.create(parent)
  for (let at = 0; at < ZNODES; at += IN_MULTI) {
    const names = Array.from({ length: IN_MULTI }, (_, i) => String(at + i).padStart(60, 'n'))
    await zk.multi(names.map((name) => zk.createOp(`${parent}/${name}`, null)))
  }
}

/** It is to end; a hang would say so. */
const ended = (one: CommandRun): Promise<Ended> =>
  within('its end', DEADLINE_MS, one.ended, () => one.err)

describe('shell: interrupted', function () {
  this.timeout(120_000)
  let server: AnykeeperProcess
  let zk: ZooKeeper
  let folder: string
  /** A store in files, with the same znodes. */
  let store: string
  /** Its export. */
  let lines: string
  /** Accepts connections, and never answers. */
  let silent: Server
  let silentHost: string
  let env: Record<string, string>

  before(async () => {
    folder = temporaryFolder('shell-interrupted')
    server = await startAnykeeper()
    env = { ANYKEEPER_SERVER: server.connectString }
    zk = await connect(`zk://${server.connectString}`)
    await plant(zk, '/wide')
    store = `file:${join(folder, 'data')}`
    const opened = await openStore(store)
    const keeper = await Keeper.open({ store: opened })
    const own = await connect(keeper)
    await plant(own, '/wide')
    await own.close()
    await keeper.close()
    lines = [...(await readTree({ store: opened }))].join('')
    await opened.close()
    silent = createServer(() => {})
    const port = await freePort()
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve))
    silentHost = `127.0.0.1:${port}`
  })
  after(async () => {
    await zk?.close()
    await server?.stop()
    silent?.close()
    if (folder !== undefined) removeFolder(folder)
  })
  afterEach(endCommands)

  /** What sends its reader more than that takes. */
  async function unread(args: readonly string[]): Promise<CommandRun> {
    const command = start(args, { env })
    await new Promise<void>((resolve) => {
      command.child.stdout?.once('data', () => {
        command.child.stdout?.pause()
        resolve()
      })
    })
    return command
  }

  it('tree and ls -R whose reader does not read: they end, and no session is left', async () => {
    const before = await sessions()
    for (const [args, signal, code] of [
      [['ls', '-R', '/'], 'SIGINT', 130],
      [['tree', '--children', String(ZNODES), '--json', '/'], 'SIGTERM', 143],
    ] as const) {
      const command = await unread(args)
      command.signal(signal)
      // Behind what is in the pipe comes the end.
      const exit = within('its end', DEADLINE_MS, exited(command))
      expect(await exit, args.join(' ')).to.equal(code)
      command.child.stdout?.resume()
      expect((await command.ended).err).to.match(
        /^not all is shown: [\d,]+ znodes of \/ were read\n$/,
      )
    }
    expect(await sessions()).to.deep.equal(before)
  })

  it('doctor and find_super_nodes, while nothing comes from the server: how many were examined', async () => {
    const relay = await TcpFaultProxy.start(server.connectString)
    try {
      for (const [args, line] of [
        [['doctor', '--session-timeout', '4000', '/'], ''],
        [['shell', '--session-timeout', '4000'], 'find_super_nodes 10000 /\n'],
      ] as const) {
        const passed = relay.passedDown(NAMES_BYTES + 1_000)
        const command = start(args, { env: { ANYKEEPER_SERVER: relay.host } })
        command.write(line)
        await passed
        relay.pause('down')
        command.signal('SIGINT')
        const { code, err } = await ended(command)
        expect(code, err).to.equal(130)
        expect(err).to.match(/not all is examined: [\d,]+ znodes of \/ were read\n/)
        relay.resume('down')
      }
    } finally {
      await relay.stop()
    }
  })

  it('rm -r, while the server does not answer: how many are deleted, and the rest is there', async () => {
    await plant(zk, '/rm')
    const command = start(['rm', '-r', '--session-timeout', '4000', '/rm'], { env })
    await eventually('some deleted', async () => (await left('/rm')) < ZNODES, DEADLINE_MS)
    stopProcess(server.child.pid)
    let result: Ended
    try {
      command.signal('SIGINT')
      result = await ended(command)
    } finally {
      process.kill(server.child.pid, 'SIGCONT')
    }
    expect(result.code, result.err).to.equal(130)
    const [, done, all] =
      /^not all is deleted: ([\d,]+) of ([\d,]+) znodes below \/rm are, and at most 64 that were in flight; run it again/.exec(
        result.err,
      ) ?? []
    const count = (text = ''): number => Number(text.replace(',', ''))
    expect(count(all), result.err).to.equal(ZNODES)
    const gone = ZNODES - (await left('/rm'))
    expect(gone).to.be.within(count(done), count(done) + 64)
    const rest = await run(['rm', '-r', '/rm'], { env })
    // On a machine with much to do it says how far it is.
    expect(rest.err).to.match(/^(deleted \d+ of \d+ znodes\n)*$/)
    expect(rest.code).to.equal(0)
  })

  it('a command whose server says nothing: it does not wait for the end of the session, and says what is not known', async () => {
    const mute = await startMuteServer(3_600_000)
    try {
      const heard = mute.heard()
      const command = start(['set', '--server', mute.host, '/a', 'x'])
      await heard
      command.signal('SIGINT')
      expect(await ended(command)).to.include({
        code: 130,
        err: 'interrupted: the write that was sent may have been applied, or may yet be: read before it is sent again\n',
      })
    } finally {
      mute.stop()
    }
  })

  it('a shell that waits for a line: SIGTERM ends it and its session', async () => {
    const shell = start(['shell'], { env })
    shell.write('create -e /mine\n')
    await shell.until(/\/mine\n/)
    shell.signal('SIGTERM')
    expect((await ended(shell)).code).to.equal(143)
    expect(await zk.exists('/mine')).to.equal(undefined)
  })

  it('a shell at a terminal: SIGTERM ends it and its session, and the terminal is as before', async () => {
    const words = `${process.execPath} ${join(import.meta.dirname, '../../dist/cli.js')} shell`
    const pidFile = join(folder, 'pid')
    const script = join(folder, 'terminal.sh')
    writeFileSync(
      script,
      `before=$(stty -g)
      bash -c 'echo $$ > ${pidFile}; exec ${words}'
      echo "code $?"
      [ "$before" = "$(stty -g)" ] && echo same\n`,
    )
    const terminal = new CommandRun('script', ['-qec', `bash ${script}`, '/dev/null'], {
      ...env,
      TERM: 'xterm',
      XDG_STATE_HOME: folder,
    })
    await terminal.until(/> /)
    terminal.write('create -e /at-terminal\r')
    await terminal.until(/\/at-terminal\r\n/)
    await terminal.until(/> /)
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM')
    const { out } = await ended(terminal)
    expect(out).to.match(/code 143\r\nsame\r\n$/)
    expect(await zk.exists('/at-terminal')).to.equal(undefined)
  })

  it('export --output: nothing is left by Ctrl-C, two do not mix, and that of a dead one is taken over', async () => {
    const output = join(folder, 'tree.jsonl')
    const from = (url: string): string[] => ['export', '--store', url, '--output', output]
    const unfinished = `${output}.anykeeper-unfinished`
    writeFileSync(output, 'older')
    const stopped = start(from(`etcd://${silentHost}`))
    await eventually(
      'a file that is begun',
      () => existsSync(join(unfinished, 'made')),
      DEADLINE_MS,
    )
    const second = await run(from(store))
    expect(second.code).to.equal(1)
    expect(second.err).to.equal(
      `error: ${output} is being written by process ${stopped.child.pid}: wait for it, or name another one\n`,
    )
    stopped.signal('SIGINT')
    expect(await ended(stopped)).to.include({
      code: 130,
      err: `interrupted: ${output} was not written\n`,
    })
    expect(existsSync(unfinished)).to.equal(false)
    const killed = start(from(`etcd://${silentHost}`))
    await eventually(
      'a file that is begun',
      () => existsSync(join(unfinished, 'made')),
      DEADLINE_MS,
    )
    await killed.kill()
    expect(readFileSync(output, 'utf8')).to.equal('older')
    expect((await run(from(store))).code).to.equal(0)
    expect(readFileSync(output, 'utf8')).to.equal(lines)
    expect(existsSync(unfinished)).to.equal(false)
  })

  it('export to a pipe that nobody reads: it ends, and says that this is a part', async () => {
    const command = await unread(['export', '--store', store])
    command.signal('SIGTERM')
    expect(await within('its end', DEADLINE_MS, exited(command))).to.equal(143)
    command.child.stdout?.resume()
    const { err, out } = await command.ended
    expect(err).to.equal(
      'interrupted: what was written to stdout is not the whole tree, and no import takes it\n',
    )
    expect(lines.startsWith(out) && out.length < lines.length).to.equal(true)
  })

  it('a snapshot for ZooKeeper: one process writes into a folder, and that of a dead one is taken over', async () => {
    const target = join(folder, 'zookeeper')
    const version2 = join(target, 'version-2')
    const to = ['export', '--store', store, '--format', 'zookeeper-snapshot', target]
    expect((await run(to)).code).to.equal(0)
    const [name = ''] = readdirSync(version2)
    const whole = readFileSync(join(version2, name))
    removeFolder(version2)
    // Of a process of this machine that lives: this one.
    mkdirSync(version2)
    const place = join(version2, '.anykeeper-unfinished')
    const held = await beginUnfinished(join(version2, 'snapshot.1'), place)
    const refused = await run(to)
    expect(
      { code: refused.code, isSaid: /is being written by process \d+/.test(refused.err) },
      refused.err,
    ).to.deep.equal({ code: 1, isSaid: true })
    expect(readdirSync(version2)).to.deep.equal(['.anykeeper-unfinished'])
    held.abandon()
    expect((await run(to)).code).to.equal(0)
    expect(readdirSync(version2)).to.deep.equal([name])
    expect(readFileSync(join(version2, name)).equals(whole)).to.equal(true)
  })

  it('import: how far it came, and the same input continues', async () => {
    const target = `file:${join(folder, 'imported')}`
    const into = ['import', '--store', target]
    const half = lines.slice(0, lines.indexOf('\n', lines.length / 2) + 1)
    const command = start(into)
    // More than a pipe holds, so it is being read.
    await new Promise((resolve) => command.child.stdin?.write(half, resolve))
    command.signal('SIGINT')
    const { code, err } = await ended(command)
    expect(code).to.equal(130)
    expect(err).to.match(
      /^interrupted after \d+( of \d+)? znodes: run it again with the same input/,
    )
    const again = await run(into, { input: lines })
    expect(again.code, again.err).to.equal(0)
    expect(again.err).to.contain(`imported ${ZNODES + 5} znodes`)
  })

  it('compare: a second Ctrl-C does not wait for a side that does not answer', async () => {
    const port = await freePort()
    const sides = ['--candidate', `zk://${silentHost}`, '--oracle', `zk://${silentHost}`]
    const compare = start(['compare', '--listen', `127.0.0.1:${port}`, ...sides])
    await compare.until(/ready on/)
    const client = connectSocket(port, '127.0.0.1')
    client.on('error', () => {})
    // A connect request of 44 bytes, which nobody answers.
    client.write(Buffer.concat([Buffer.from([0, 0, 0, 44]), Buffer.alloc(44)]))
    await once(silent, 'connection')
    compare.signal('SIGINT')
    await eventually('no more clients', () => isRefused(port), DEADLINE_MS)
    compare.signal('SIGINT')
    const { code, out } = await ended(compare)
    client.destroy()
    expect(code).to.equal(1)
    expect(out).to.not.match(/^anykeeper compare: /m)
  })

  const left = async (path: string): Promise<number> => (await zk.exists(path))?.numChildren ?? 0

  /** Ids of the server's sessions. */
  async function sessions(): Promise<string[]> {
    const text = await server.fourLetterWord('dump')
    return [...new Set(text.match(/0x[0-9a-f]{4,}/g))].sort()
  }
})

function exited({ child }: CommandRun): Promise<number> {
  const shown = (code: number | null, signal: NodeJS.Signals | null): number =>
    signal === null ? (code as number) : signal === 'SIGINT' ? 130 : 143
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve(shown(child.exitCode, child.signalCode))
  }
  return new Promise((resolve) =>
    child.once('exit', (code, signal) => resolve(shown(code, signal))),
  )
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}
