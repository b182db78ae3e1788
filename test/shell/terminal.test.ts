/** The shell at a real terminal, made by script(1): editing, completion over 100,000 children, Ctrl-C, history. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { connect } from '../../index.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { type CommandRun, endCommands, run, startAtTerminal } from './command-run.ts'

const CHILDREN = 100_000
const IN_MULTI = 2_000
const PROMPT = /\/[\w/]*> /

describe('shell: at a terminal', function () {
  this.timeout(120_000)
  let server: AnykeeperProcess
  let folder: string
  let shell: CommandRun

  before(async () => {
    server = await startAnykeeper()
    folder = temporaryFolder('shell-terminal')
    const zk = await connect(`zk://${server.connectString}`)
    await zk.create('/wide')
    await zk.create('/wide/two words')
    await zk.create('/wide/two words/below')
    for (let at = 0; at < CHILDREN; at += IN_MULTI) {
      const names = Array.from(
        { length: IN_MULTI },
        (_, i) => `n-${String(at + i).padStart(6, '0')}`,
      )
      await zk.multi(names.map((name) => zk.createOp(`/wide/${name}`, null)))
    }
    await zk.close()
  })
  after(async () => {
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })
  beforeEach(async () => {
    shell = startAtTerminal(['shell', '--server', server.connectString], { XDG_STATE_HOME: folder })
    await shell.until(PROMPT)
  })
  afterEach(endCommands)

  it('Tab completes words, paths below 100,000 children, and names with blanks', async () => {
    shell.write('deletea')
    await shell.until(/deletea/)
    shell.write('\t')
    await shell.until(/ll /)
    shell.write('\x15ls /w')
    await shell.until(/ls \/w/)
    shell.write('\t')
    await shell.until(/ide\//)
    // Tabs that come together with text are pasted text.
    shell.write('n')
    await shell.until(/n/)
    shell.write('\t')
    await shell.until(/-0/)
    // Nothing that all of them have in common is left: some are shown, and how many more there are.
    shell.write('\t')
    const shown = await shell.until(/\(99950 more\)/)
    expect(shown).to.contain('/wide/n-000049').and.not.contain('/wide/n-000050')
    await shell.until(/ls \/wide\/n-0/)
    shell.write('99997')
    await shell.until(/99997/)
    shell.write('\t')
    await shell.until(/ /)
    shell.write('\r')
    await shell.until(PROMPT)
    expect(shell.out).to.not.match(/error/)
    shell.write('cd /wide/tw')
    await shell.until(/cd \/wide\/tw/)
    shell.write('\t')
    await shell.until(/o\\ words\//)
    shell.write('\r')
    await shell.until(/\/wide\/two words> /)
    shell.write('ls\r')
    await shell.until(/below\r\n/)
  })

  it('Ctrl-C ends a command or gives up a line, events come by themselves, Ctrl-D ends', async () => {
    shell.write('watch /wide\r')
    await shell.until(/watching \/wide/)
    shell.write('\x03')
    await shell.until(PROMPT)
    shell.write('never run')
    await shell.until(/never run/)
    shell.write('\x03')
    await shell.until(PROMPT)
    shell.write('create -e /mine "a \\"b\\""\r')
    await shell.until(/\/mine\r\n/)
    shell.write('get -w /mine\r')
    await shell.until(/a "b"\r\n/)
    await run(['set', '--server', server.connectString, '/mine', 'new'])
    await shell.until(/watch: changed \/mine/)
    shell.write('help frob\r')
    await shell.until(/"frob" is no command here; type help/)
    shell.write('\x04')
    const { code, out } = await shell.ended
    expect(code).to.equal(0)
    expect(out).to.not.match(/"never" is no command/)
    expect((await run(['stat', '--server', server.connectString, '/mine'])).code).to.equal(3)
  })

  it('history is kept for the next shell, passwords are not', async () => {
    shell.write('addauth digest ops:hunter2\r')
    await shell.until(/hunter2\s+[\s\S]*> /)
    shell.write('stat /wide\r')
    await shell.until(/numChildren/)
    shell.write('history\r')
    const listed = await shell.until(/\d+ {2}history/)
    expect(listed)
      .to.match(/\d+ {2}stat \/wide/)
      .and.not.contain('hunter2')
    shell.write('quit\r')
    expect((await shell.ended).code).to.equal(0)
    const kept = readFileSync(join(folder, 'anykeeper', 'history'), 'utf8')
    expect(kept).to.contain('stat /wide\nhistory\nquit\n').and.not.contain('hunter2')
    const next = startAtTerminal(['shell', '--server', server.connectString], {
      XDG_STATE_HOME: folder,
    })
    await next.until(PROMPT)
    next.write('\x1b[A')
    next.write('\x1b[A')
    await next.until(/history/)
  })
})
