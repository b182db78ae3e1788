/** Ctrl-C while a server says nothing, for every word of the shell: it ends the word, and what is not known is said. */
import { expect } from 'chai'
import { Interpreter } from '../../../../cli/shell/interpreter.ts'
import type { ConnectionFlags } from '../../../../cli/znode/connection-flags.ts'
import { Output } from '../../../../cli/znode/output.ts'
import { connectionOf } from '../../../../cli/znode/target.ts'
import { shellVerbs } from '../../../../cli/znode/verbs.ts'
import { type MuteServer, startMuteServer } from '../../../support/mute-server.ts'

/** Longer than a test may take: whoever waits for it hangs. */
const FOR_EVER_MS = 86_400_000

const SENT =
  'interrupted: the write that was sent may have been applied, or may yet be: read before it is sent again\n'
const partOf = (text: string): RegExp => new RegExp(`^not all is ${text}: .*\\n$`)

/** A word, and what it says of what is not known; '': nothing, as nothing was written. Two words have two lines. */
const LINES: readonly (readonly [line: string, said: string | RegExp])[] = [
  ['get /a', ''],
  ['stat /a', ''],
  ['sync /', ''],
  ['ls /', ''],
  ['ls -R /', partOf('shown')],
  ['tree /', partOf('shown')],
  ['count /', ''],
  ['getEphemerals /', ''],
  ['create /a x', SENT],
  ['create -p /a/b x', ''],
  ['create -e /a', SENT],
  ['set /a x', SENT],
  ['multi "set /a x"', SENT],
  ['rm /a', SENT],
  ['rm -r /a', ''],
  ['deleteall /a', ''],
  ['cp /a /b', ''],
  ['cpr /a /b', partOf('copied')],
  ['mv /a /b', ''],
  ['touch /a', SENT],
  ['exists /a', ''],
  ['get_direct_children_number /a', ''],
  ['acl /a', ''],
  ['acl /a world:anyone:r', SENT],
  ['getAcl /a', ''],
  ['setAcl /a world:anyone:r', SENT],
  ['setAcl -R /a world:anyone:r', partOf('changed')],
  ['whoami', ''],
  ['addauth digest u:p', ''],
  ['watch /a', ''],
  ['addWatch /a', ''],
  ['setquota -n 1 /a', ''],
  ['listquota /a', ''],
  ['delquota /a', ''],
  ['config', ''],
  ['flwc srvr', ''],
  ['ruok', ''],
  ['version', ''],
  ['doctor', partOf('examined')],
  ['find_super_nodes 1 /', partOf('examined')],
  ['find_big_family /', partOf('examined')],
  ['sessions', ''],
  ['status', ''],
  ['cd /a', ''],
  [
    'bench',
    /^warning: \/anykeeper-bench-\w+ was not deleted: timed out: .*\ninterrupted: the write/,
  ],
]

/** They do not ask the server. */
const UNASKED = ['removewatches']

describe('cli/znode/interrupted', () => {
  let server: MuteServer
  const ends: Promise<void>[] = []
  /** Of a shell whose process is ended. */
  const leaving = AbortSignal.abort()

  before(async () => {
    server = await startMuteServer(FOR_EVER_MS)
  })
  after(async () => {
    await Promise.all(ends)
    server.stop()
  })

  async function opened(): Promise<{ shell: Interpreter; said: string[] }> {
    const said: string[] = []
    const stream = {
      write(chunk: string | Uint8Array, done?: () => void): boolean {
        said.push(String(chunk))
        done?.()
        return true
      },
    }
    const flags: ConnectionFlags = {
      server: server.host,
      prefix: '/anykeeper',
      auth: [],
      timeout: FOR_EVER_MS,
      sessionTimeout: FOR_EVER_MS,
      maxFrameBytes: 0xfffff,
    }
    const output = new Output({ stdout: stream, stderr: stream, env: {} })
    return { shell: await Interpreter.open(connectionOf(flags), output), said }
  }

  for (const [line, text] of LINES) {
    it(`${line}: ends${text === '' ? '' : ', and says what is not known'}`, async () => {
      const { shell, said } = await opened()
      const heard = server.heard()
      const outcome = shell.run(line)
      await heard
      expect(shell.interrupt()).to.equal(true)
      expect(await outcome).to.deep.equal({ exitCode: 130 })
      if (typeof text === 'string') expect(said.join('')).to.equal(text)
      else expect(said.join('')).to.match(text)
      ends.push(shell.close(leaving))
    })
  }

  it('no word that asks the server is missing here', () => {
    const tried = LINES.map(([line]) => line.split(' ')[0])
    const missing = shellVerbs.filter(({ name }) => !tried.includes(name)).map(({ name }) => name)
    expect(missing).to.have.members(UNASKED)
  })

  it('connect: the session before is not waited for', async () => {
    const { shell } = await opened()
    const heard = server.heard()
    const outcome = shell.run('connect')
    await heard
    shell.interrupt()
    await outcome
    ends.push(shell.close(leaving))
  })
})
