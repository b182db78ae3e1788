/** What a standby answers, by real connections, is what the tables of docs/migration-refusals.md say: each opcode, word, command and route. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { OP } from '../../lib/model/request.ts'
import { framed } from '../../lib/protocol/frame.ts'
import { WORDS } from '../../proxy/admin/four-letter-words.ts'
import { AnykeeperProcess } from '../support/anykeeper-process.ts'
import { codeWords, tableRows } from '../support/docs-rules.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { freePort } from '../support/free-port.ts'
import { http } from '../support/http.ts'
import { connectBody } from '../support/raw-client.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { followedStore } from './ending/followed-store.ts'

const page = readFileSync(new URL('../../docs/migration-refusals.md', import.meta.url), 'utf8')
const TOKEN = '0123456789abcdef0123'
const OWNER = '0x100000000001'
const STANDBY =
  'this is a standby: the tree follows a ZooKeeper ensemble, and clients are served after anykeeper migrate take-over'
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'

interface Sent {
  readonly query?: string
  readonly body?: string
}

const AT: Sent = { query: '?path=/e' }
/** What routes want, where a GET without parameters is not enough: nothing is wrong with it but that this is a standby. */
const REQUESTS: Readonly<Record<string, Sent>> = {
  'POST /api/v1/tree': { query: '?path=/new', body: '{"data":""}' },
  'PUT /api/v1/tree': { ...AT, body: '{"data":"","version":0}' },
  'DELETE /api/v1/tree': { query: '?path=/e&version=0' },
  'PUT /api/v1/data': { query: '?path=/e&version=0' },
  'PUT /api/v1/acl': {
    ...AT,
    body: '{"acl":[{"perms":31,"scheme":"world","id":"anyone"}],"aversion":0}',
  },
  'DELETE /api/v1/subtree': { query: '?path=/e&count=1&zxid=4294967298' },
  'POST /api/v1/connections/shed': { body: '{"percentage":0}' },
  'PUT /api/v1/log-level': { body: '{"level":"warn"}' },
}
const hasPath = (path: string): boolean => /^\/api\/v1\/(?:tree|data|subtree)$/.test(path)

/** The answer that the table promises to each. */
function promised(name: string): Map<string, string> {
  const rows = tableRows(page, name)
  return new Map(rows.flatMap(([cell, answer]) => codeWords(cell!).map((word) => [word, answer!])))
}

describe('migrate: what a standby answers', function () {
  this.timeout(60_000)
  let folder: string
  let server: AnykeeperProcess
  let adminPort: number

  before(async () => {
    folder = temporaryFolder('standby')
    const store = `file:${folder}`
    await followedStore(store, '/anykeeper')
    adminPort = await freePort()
    const admin = ['--admin-listen', `127.0.0.1:${adminPort}`, '--admin-edit']
    const args = [...admin, '--four-letter-words', '*']
    const env = { ANYKEEPER_ADMIN_TOKEN: TOKEN }
    server = await new AnykeeperProcess(await freePort(), { store, args, env }).start()
  })
  after(async () => {
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }

  /** Of the page's two kinds: what the answer says. */
  function kindOf(text: string, status = 200): string {
    if (text.includes(STANDBY)) return `${status === 200 ? '' : `${status}, `}the reason`
    if (text.includes(NOT_SERVING)) return 'not serving'
    return status === 200 ? 'answered' : String(status)
  }

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
    const seen = new Map<string, string>()
    for (const word of WORDS) {
      const answer = await fourLetterWord(server, word)
      seen.set(word, answer === 'null' ? 'null' : kindOf(answer))
    }
    expect([...seen]).to.have.deep.members([...promised('standby: words')])
    expect(await fourLetterWord(server, 'srvr')).to.match(/^Mode: standby$/m)
  })

  it('to each admin command', async () => {
    const list = await http(adminPort, '/commands', { headers })
    const names = [...list.body.matchAll(/\/commands\/(\w+)/g)].map(([, name]) => name as string)
    expect(names).to.have.length.above(20)
    const seen = new Map<string, string>()
    for (const name of new Set(names)) {
      const method = ['restore', 'shed_connections'].includes(name) ? 'POST' : 'GET'
      const sent = method === 'POST' ? { body: '{}' } : {}
      const { status, body } = await http(adminPort, `/commands/${name}`, {
        method,
        headers,
        ...sent,
      })
      seen.set(name, kindOf(body, status))
    }
    expect([...seen]).to.have.deep.members([...promised('standby: commands')])
  })

  it('to each route of the page and its API', async () => {
    const table = promised('standby: routes')
    const seen = new Map<string, string>()
    for (const route of table.keys()) {
      const [method = '', path = ''] = route.split(' ')
      const { query = '', body } = REQUESTS[route] ?? (method === 'GET' && hasPath(path) ? AT : {})
      const real = `${path.replace(':id', OWNER)}${query}`
      if (path === '/api/v1/changes') {
        seen.set(route, kindOf('', await feedStatus(real)))
        continue
      }
      const answer = await http(adminPort, real, {
        ...{ method, headers },
        ...(body && { body }),
      })
      seen.set(route, kindOf(answer.body, answer.status))
    }
    expect([...seen]).to.deep.equal([...table])
    const source = readFileSync(
      new URL('../../proxy/admin/http/api/api-routes.ts', import.meta.url),
    )
    const known = [...`${source}`.matchAll(/route\(\s*'(\w+)',\s*'([^']+)'/g)].map(
      ([, method, path]) => `${method} /api/v1/${path}`,
    )
    expect(known).to.have.length.above(12)
    expect(known.filter((route) => !table.has(route))).to.deep.equal([])
    expect((await http(adminPort, `/api/v1/sessions/${OWNER}`, { headers })).status).to.equal(200)
  })

  /** A feed that is open has no end. */
  async function feedStatus(path: string): Promise<number> {
    const request = get({ port: adminPort, path, headers, host: '127.0.0.1' })
    const [response] = await once(request, 'response')
    request.on('error', () => {})
    request.destroy()
    return response.statusCode
  }
})
