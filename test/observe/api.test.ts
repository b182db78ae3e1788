/** The JSON API of the admin port: what it shows and changes, who may, and what it does not let happen. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { OWN_NAMES } from '../../proxy/admin/http/metrics/own-names.ts'
import { metrics } from '../../proxy/admin/metrics.ts'
import { eventually } from '../support/eventually.ts'
import { type HttpRequest, http } from '../support/http.ts'
import { RawClient } from '../support/raw-client.ts'
import { collectingLogger, type Served, WireBench } from '../support/wire-bench.ts'

const TOKEN = 'a-token-of-this-test'
const AUTH = { authorization: `Bearer ${TOKEN}` }
const CHILDREN = 30_000

describe('observe/api', function () {
  this.timeout(60_000)
  let bench: WireBench
  let served: Served
  let admin: AdminServer
  let client: RawClient
  let level = 'info'
  const { logger, entries } = collectingLogger()

  before(async () => {
    bench = new WireBench()
    served = await bench.serve()
    admin = await AdminServer.listen(
      {
        ...{ port: 0, token: () => TOKEN, feedsMax: 2, bodyBytesMax: 1_000, connectionsMax: 20 },
        requestTimeoutMs: 1_000,
        logLevel: {
          levels: ['debug', 'info'],
          get: () => level,
          set: (next) => {
            level = next
          },
        },
      },
      logger,
    )
    await admin.attach(served.proxy)
    client = await bench.connect(served, { timeoutMs: 30_000 })
    await client.create('/many')
    for (let i = 0; i < CHILDREN; i += 1_000) {
      const some = Array.from({ length: 1_000 }, (_, j) => client.create(`/many/${i + j}`))
      await Promise.all(some)
    }
    await client.create('/bytes', { data: Buffer.from([0xff, 0x00]) })
    await client.create('/text', { data: 'grüß' })
  })
  after(async () => {
    await admin?.close()
    await bench?.close()
  })

  const get = (path: string, options: HttpRequest = {}) =>
    http(admin.port, `/api/v1/${path}`, {
      ...options,
      headers: { ...AUTH, ...options.headers },
    })

  it('a znode: its data as base64 or text, Stat, ACL; what is not there, and what is no path', async () => {
    const bytes = (await get('tree?path=/bytes')).json()
    expect(bytes).to.deep.include({
      path: '/bytes',
      data: '/wA=',
      encoding: 'base64',
      childCount: 0,
    })
    expect(bytes.acl).to.deep.equal([{ perms: 31, scheme: 'world', id: 'anyone' }])
    expect(bytes.stat).to.deep.include({ version: 0, dataLength: 2, ephemeralOwner: '0x0' })
    const text = (await get('tree?path=/text&encoding=text')).json()
    expect(text).to.deep.include({ data: 'grüß', encoding: 'text' })
    expect((await get('tree?path=/bytes&encoding=text')).json().encoding).to.equal('base64')
    expect((await get('tree?path=/text&sync')).status).to.equal(200)
    expect((await get('tree?path=/none')).status).to.equal(404)
    for (const query of [
      'path=none',
      'path=/text&children=x',
      'path=/text&encoding=hex',
      'pth=/',
    ]) {
      const { status, body } = await get(`tree?${query}`)
      expect([status, /^\{"error":".+"\}\n$/.test(body)], query).to.deep.equal([400, true])
    }
  })

  it(`${CHILDREN} children in pages: each once, in order, also when others come and go meanwhile`, async () => {
    const seen: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const behind: string = cursor === undefined ? '' : `&cursor=${cursor}`
      const page = (await get(`tree?path=/many&children=9999${behind}`)).json<{
        children: string[]
        cursor?: string
      }>()
      seen.push(...page.children)
      cursor = page.cursor
      pages++
      await client.create(`/many/x${pages}`)
      await client.delete(`/many/x${pages - 1}`)
    } while (cursor !== undefined)
    const own = seen.filter((name) => !name.startsWith('x'))
    expect(own).to.have.length(CHILDREN)
    expect(new Set(own).size).to.equal(CHILDREN)
    expect(seen).to.deep.equal([...seen].sort())
    expect(pages).to.equal(4)
  })

  it('the change feed: a snapshot, then changes; resumed from a position, as lines and as events', async () => {
    const lines = await feed('changes?prefix=/fed', 2, () => client.create('/fed', { data: 'one' }))
    const [live, change] = lines.map((line) => JSON.parse(line))
    expect(live.kind).to.equal('live')
    expect(change).to.deep.include({ kind: 'change', session: hex(client.sessionId) })
    expect(change.ops[0]).to.deep.include({ op: 'create', path: '/fed', data: 'b25l' })
    const set = () => client.setData('/fed', Buffer.from('two'))
    const [resumed] = await feed(`changes?prefix=/fed&from=${change.position}`, 1, set)
    expect(JSON.parse(resumed!).ops[0]).to.deep.include({ op: 'setData', data: 'dHdv' })
    const events = await feed('changes?prefix=/fed', 3, () => {}, {
      accept: 'text/event-stream',
      'last-event-id': change.position,
    })
    expect(events[0]).to.match(/^id: [0-9a-f.]+\S+$/)
    expect(events.slice(1)).to.deep.equal(['event: change', `data: ${resumed}`])
    expect((await get('changes?from=nonsense')).status).to.equal(400)
    expect((await get('changes?from=1.99999.end.-')).status).to.be.oneOf([410, 503])
  })

  it('no more feeds than may be open', async () => {
    const over = new AbortController()
    const { signal } = over
    const open = [1, 2].map(() => get('changes', { signal }).catch(() => undefined))
    await eventually('both are open', () => served.keeper.changeLog.openCount === 2)
    const third = await get('changes')
    expect([third.status, third.headers['retry-after']]).to.deep.equal([503, '5'])
    over.abort()
    await Promise.all(open)
    expect(await scraped('anykeeper_admin_feeds_refused')).to.equal(1)
  })

  it('sessions and watches; an operator ends a session', async () => {
    const other = await RawClient.connect({ port: served.port, timeoutMs: 20_000 })
    await other.create('/e', { flags: 1 })
    await other.exists('/e', true)
    const id = hex(other.sessionId)
    const { sessions } = (await get('sessions')).json<{ sessions: { id: string }[] }>()
    expect(sessions.find((one) => one.id === id)).to.deep.include({
      ...{ timeoutMs: 20_000, isHere: true, ephemerals: 1, owner: served.keeper.proxy },
    })
    const { watches } = (await get('watches')).json()
    expect(watches).to.deep.equal([{ path: '/e', kind: 'data', sessions: [id] }])
    const end = (session: string) => get(`sessions/${session}/close`, { method: 'POST' })
    expect((await end('x')).status).to.equal(400)
    expect((await end('0x123')).status).to.equal(404)
    expect((await end(id)).json()).to.deep.equal({ id, closed: true })
    await other.waitFor(() => other.closed)
    expect((await get('tree?path=/e')).status).to.equal(404)
  })

  it('the level of the log; a status; methods and bodies that are wrong', async () => {
    const put = (body: string) => get('log-level', { method: 'PUT', body })
    expect((await put('{"level":"debug"}')).json()).to.deep.equal({
      level: 'debug',
      levels: ['debug', 'info'],
    })
    expect(level).to.equal('debug')
    expect((await put('{"level":"loud"}')).status).to.equal(400)
    expect((await put('[1]')).status).to.equal(400)
    expect((await put(`{"level":"${'x'.repeat(2_000)}"}`)).status).to.equal(413)
    const wrong = await get('log-level', { method: 'DELETE' })
    expect([wrong.status, wrong.headers.allow]).to.deep.equal([405, 'GET, PUT'])
    const status = (await get('status')).json()
    expect(status).to.deep.include({ isReady: true, mode: 'standalone' })
    expect(status.upMs).to.be.at.least(0)
    // A page that comes from here is of the version that the server says.
    const { body } = await http(admin.port, '/ui/')
    expect(/<meta name="page" content="([0-9a-f]{16})">/.exec(body)?.[1]).to.equal(status.page)
  })

  it('nothing without credentials; not for pages of others, nor under a name that leads here', async () => {
    const paths = ['tree', 'changes', 'sessions', 'watches', 'status', 'log-level']
    for (const path of paths) {
      const bare = await http(admin.port, `/api/v1/${path}`)
      expect([bare.status, 'www-authenticate' in bare.headers], path).to.deep.equal([401, true])
      const wrong = await get(path, { headers: { authorization: 'Bearer something-else' } })
      expect(wrong.status, path).to.equal(403)
    }
    const host = `127.0.0.1:${admin.port}`
    const fromPage = async (headers: Record<string, string>) =>
      (await get('status', { headers })).status
    expect(await fromPage({ origin: 'http://evil.example' })).to.equal(403)
    expect(await fromPage({ 'sec-fetch-site': 'cross-site' })).to.equal(403)
    const rebound = { host: 'evil.example', origin: 'http://evil.example' }
    expect(await fromPage(rebound)).to.equal(403)
    expect(await fromPage({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).to.equal(
      200,
    )
    expect(await fromPage({ host: 'zk-0.zk:8080' })).to.equal(200)
    expect(await scraped('anykeeper_admin_refused')).to.be.at.least(2 * paths.length + 3)
    // One kind of line, of which ten in a minute are written; none has a secret in it.
    const refused = entries.filter(({ message }) => message === 'admin request refused')
    expect(refused).to.have.length(10)
    expect(JSON.stringify(entries)).to.not.contain(TOKEN)
  })

  it('half a request is closed in time, and too many connections are', async () => {
    const half = connect(admin.port, '127.0.0.1')
    half.write('GET /livez HTTP/1.1\r\nHost: x\r\n')
    half.resume()
    await once(half, 'close')
    const sockets = Array.from({ length: 25 }, () => connect(admin.port, '127.0.0.1'))
    const ends = sockets.map((socket) => {
      socket.on('error', () => {})
      socket.resume()
      return new Promise((resolve) => socket.once('close', resolve))
    })
    await Promise.race(ends)
    for (const socket of sockets) socket.destroy()
    await Promise.all(ends)
    expect(await scraped('anykeeper_admin_connections_refused')).to.be.at.least(1)
  })

  it('every number of mntr has a meaning in the table of metrics, and the other way round', () => {
    const names = metrics(served.proxy).flatMap(([name]) =>
      name.startsWith('anykeeper_') ? [name] : [],
    )
    expect(names.filter((name) => OWN_NAMES[name] === undefined)).to.deep.equal([])
    const atTimes =
      /^anykeeper_(?:store_(?:bytes|alarm)|workers|auth_provider_|audit_|tls_|source_|forward)/
    const unknown = Object.keys(OWN_NAMES).filter((name) => !names.includes(name))
    expect(unknown.filter((name) => !atTimes.test(name))).to.deep.equal([])
  })

  const hex = (id: bigint) => `0x${BigInt.asUintN(64, id).toString(16)}`

  async function scraped(name: string): Promise<number> {
    const { body } = await http(admin.port, '/metrics')
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1])
  }

  /** The first lines of a feed that are no bookmarks, with `act` behind its snapshot. Then it is closed. */
  function feed(
    path: string,
    count: number,
    act: () => unknown,
    headers: Record<string, string> = {},
  ): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const sent = request({
        ...{ host: '127.0.0.1', port: admin.port, path: `/api/v1/${path}`, agent: false },
        headers: { ...AUTH, ...headers },
      })
      sent.on('error', reject)
      sent.on('response', (response) => {
        let text = ''
        void act()
        response.on('error', () => {})
        response.on('data', (chunk: Buffer) => {
          text += chunk
          const whole = text.split('\n').slice(0, -1)
          const lines = whole.filter((line) => line !== '' && !line.includes('"bookmark"'))
          if (lines.length < count) return
          sent.destroy()
          resolve(lines.slice(0, count))
        })
      })
      sent.end()
    })
  }
})
