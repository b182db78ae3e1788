/** GET /api/v1/search on a real server: what is found, what cannot be searched for, and its bounds. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { http } from '../support/http.ts'
import type { RawClient } from '../support/raw-client.ts'
import { WireBench } from '../support/wire-bench.ts'

const TOKEN = 'a-token-of-this-test'
const headers = { authorization: `Bearer ${TOKEN}` }
/** They mean something in patterns, addresses, or markup; here each is what it is. */
const ODD = ['.*', '(a+)+$', '[^x]', 'a\\d|b', '%00', '%2f', '<b>', '__proto__', 'ö\u202ex', '日本']

describe('observe/search', function () {
  this.timeout(60_000)
  const bench = new WireBench()
  let admin: AdminServer
  let client: RawClient

  before(async () => {
    const served = await bench.serve()
    const bounds = { searchNamesMax: 1_000, searchesMax: 1 }
    admin = await AdminServer.listen({ port: 0, token: () => TOKEN, ...bounds })
    await admin.attach(served.proxy)
    client = await bench.connect(served, { timeoutMs: 30_000 })
    await client.create('/odd')
    for (const name of ODD) await client.create(`/odd/${name}`)
    await many('/wide', 3_000)
    await many('/some', 1_500)
    await client.create('/wide/Node-7/below')
    await client.create('/wide/Node-7/below/last')
    const acl = [{ perms: 31, scheme: 'digest', id: 'somebody:else' }]
    await client.create('/hidden')
    await client.create('/hidden/last-one', { acl })
    await client.setAcl('/hidden', acl)
  })
  after(async () => {
    await admin?.close()
    await bench.close()
  })

  async function many(parent: string, count: number): Promise<void> {
    await client.create(parent)
    for (let i = 0; i < count; i += 500) {
      const names = Array.from({ length: 500 }, (_, j) => `Node-${i + j}`)
      await client.multi(names.map((name) => ({ op: 1, path: `${parent}/${name}` })))
    }
  }

  interface Answer {
    readonly found: string[]
    readonly looked: number
    readonly cursor?: string
    readonly error?: string
  }

  const search = (query: Record<string, string>, method = 'GET') =>
    http(admin.port, `/api/v1/search?${new URLSearchParams(query)}`, { headers, method })

  async function all(query: Record<string, string>): Promise<string[]> {
    const found: string[] = []
    let cursor: string | undefined
    do {
      const answer = await search({ ...query, ...(cursor !== undefined && { cursor }) })
      expect(answer.status).to.equal(200)
      const page = answer.json<Answer>()
      found.push(...page.found)
      cursor = page.cursor
    } while (cursor !== undefined)
    return found
  }

  it('each text is what it is, and nothing else', async () => {
    for (const name of ODD) {
      expect(await all({ path: '/odd', name }), name).to.deep.equal([`/odd/${name}`])
    }
    expect(await all({ path: '/odd', name: 'A+' })).to.deep.equal(['/odd/(a+)+$'])
    expect(await all({ name: '\u0000' })).to.deep.equal([])
  })

  it('page by page in the order of paths, also below a parent that is wider than one request looks at', async () => {
    const { found, cursor } = (
      await search({ path: '/wide', name: 'node-99', limit: '2' })
    ).json<Answer>()
    expect([found, cursor]).to.deep.equal([
      ...[['/wide/Node-99', '/wide/Node-990'], '/wide/Node-990'],
    ])
    const names = await all({ path: '/wide', name: 'node-99', limit: '2' })
    expect(names).to.deep.equal(
      [99, 990, 991, 992, 993, 994, 995, 996, 997, 998, 999].map((i) => `/wide/Node-${i}`),
    )
    const first = (await search({ name: 'last' })).json<Answer>()
    expect(first.looked).to.be.at.most(5_000)
    // ACLs are not applied: whoever may search has all rights.
    expect(await all({ name: 'last' })).to.deep.equal([
      '/hidden/last-one',
      '/wide/Node-7/below/last',
    ])
    expect(await all({ name: 'quota' })).to.deep.equal(['/zookeeper/quota'])
    const { body } = await http(admin.port, '/metrics')
    expect(Number(/^anykeeper_admin_searches_cut (\d+)$/m.exec(body)?.[1])).to.be.at.least(1)
  })

  it('what cannot be searched for is answered with a sentence', async () => {
    const refused: readonly [Record<string, string>, RegExp][] = [
      [{}, /^name must be a part of a name/],
      [{ name: '' }, /^name must be a part of a name/],
      [{ name: 'x'.repeat(1_001) }, /of 1 to 1000 characters/],
      [{ name: 'a/b' }, /A name has no "\/"/],
      [{ name: 'a', path: 'a' }, /^path must be the path of a znode/],
      [{ name: 'a', path: '/a\u0000' }, /^path must be the path of a znode/],
      [{ name: 'a', path: '/a/' }, /^path must be the path of a znode/],
      [{ name: 'a', path: '/none' }, /There is no znode \/none/],
      [{ name: 'a', limit: '0' }, /^limit must be/],
      [{ name: 'a', limit: '1001' }, /^limit must be/],
      [{ name: 'a', limit: '1e2' }, /^limit must be/],
      [{ name: 'a', regex: 'true' }, /There is no parameter regex/],
      ...[
        '',
        '/',
        '//',
        '/wide',
        '/odd',
        '/oddly/x',
        '/odd/../x',
        '/odd//',
        'x',
        '/odd/\u0000',
      ].map((cursor): [Record<string, string>, RegExp] => [
        { name: 'a', path: '/odd', cursor },
        /^cursor must be/,
      ]),
    ]
    for (const [query, sentence] of refused) {
      const answer = await search(query)
      expect(answer.status, JSON.stringify(query)).to.be.oneOf([400, 404])
      expect(answer.json<Answer>().error).to.match(sentence)
    }
    expect((await search({ name: 'a'.repeat(20_000) })).status).to.equal(431)
    expect((await search({ name: 'a' }, 'POST')).status).to.equal(405)
    const twice = await http(admin.port, '/api/v1/search?name=a&name=b', { headers })
    expect(twice.status).to.equal(400)
    expect((await http(admin.port, '/api/v1/search?name=a')).status).to.equal(401)
    // A place is a place, whether or not anything is there any more.
    expect((await search({ name: 'a', path: '/odd', cursor: '/odd/gone/below/' })).status).to.equal(
      200,
    )
  })

  it('more at a time than --admin-max-searches is refused, and counted', async () => {
    // In one packet, so that they are there in one turn.
    const one = `GET /api/v1/search?name=none HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: ${headers.authorization}\r\n`
    const socket = connect(admin.port, '127.0.0.1')
    socket.write(`${`${one}\r\n`.repeat(3)}${one}Connection: close\r\n\r\n`)
    const statuses = [...(await text(socket)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, code]) =>
      Number(code),
    )
    expect(statuses).to.deep.equal([200, 503, 503, 503])
    const { body } = await http(admin.port, '/metrics')
    const refused = Number(/^anykeeper_admin_searches_refused (\d+)$/m.exec(body)?.[1])
    expect(refused).to.equal(3)
    expect(body).to.match(/^anykeeper_admin_searches 0$/m)
    expect((await search({ path: '/wide', name: 'none' })).status).to.equal(200)
  })
})
