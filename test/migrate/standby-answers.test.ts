/** What a standby answers, by real connections, is what the tables of docs/migration-refusals.md say: each opcode, word, command and route. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { OP } from '../../lib/model/request.ts'
import { framed } from '../../lib/protocol/frame.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { freePort } from '../support/free-port.ts'
import { connectBody } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { AdminAnswers, kindOf, knownRoutes, promised, wordAnswers } from './answers.ts'
import { followedStore } from './ending/followed-store.ts'

const TOKEN = '0123456789abcdef0123'
const OWNER = '0x100000000001'

describe('migrate: what a standby answers', function () {
  this.timeout(60_000)
  let folder: string
  let server: AnykeeperProcess
  let admin: AdminAnswers

  before(async () => {
    folder = temporaryFolder('standby')
    const store = `file:${folder}`
    await followedStore(store, '/anykeeper')
    const port = await freePort()
    const listen = ['--admin-listen', `127.0.0.1:${port}`, '--admin-edit']
    const args = [...listen, '--four-letter-words', '*']
    const env = { ANYKEEPER_ADMIN_TOKEN: TOKEN }
    server = await new AnykeeperProcess(await freePort(), { store, args, env }).start()
    admin = new AdminAnswers({ port, token: TOKEN, session: OWNER })
  })
  after(async () => {
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  it('to each opcode nothing: the connection is closed before a session begins', async () => {
    for (const op of Object.values(OP)) {
      const socket = connect(server.port, '127.0.0.1')
      let bytes = 0
      socket.on('data', (data) => {
        bytes += data.length
      })
      socket.on('error', () => {})
      const closed = once(socket, 'close')
      const request = Buffer.alloc(8)
      request.writeInt32BE(1)
      request.writeInt32BE(op, 4)
      socket.write(Buffer.concat([framed(connectBody({})), framed(request)]))
      await closed
      expect(bytes, `opcode ${op}`).to.equal(0)
    }
  })

  it('to each four-letter word', async () => {
    const seen = await wordAnswers(server, (answer) =>
      answer === 'null' ? 'null' : kindOf(answer),
    )
    expect(seen).to.have.deep.members([...promised('standby: words')])
    expect(await fourLetterWord(server, 'srvr')).to.match(/^Mode: standby$/m)
  })

  it('to each admin command', async () => {
    const seen = await admin.commands()
    expect(seen).to.have.length.above(20)
    expect(seen).to.have.deep.members([...promised('standby: commands')])
    expect(await admin.command('zabstate')).to.include({
      ...{ voting: false, zabstate: 'synchronization' },
    })
  })

  it('to each route of the page and its API', async () => {
    const table = promised('standby: routes')
    expect(await admin.routes(table)).to.deep.equal([...table])
    expect(knownRoutes()).to.have.length.above(12)
    expect(knownRoutes().filter((route) => !table.has(route))).to.deep.equal([])
  })
})
