/** The JSON API as the page uses it: lists page by page, parts of data, changes from now on; and changes by an operator. */
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { type HttpAnswer, http } from '../support/http.ts'
import type { RawClient } from '../support/raw-client.ts'
import { collectingLogger, type Served, WireBench } from '../support/wire-bench.ts'

const TOKEN = 'a-token-of-this-test'
const headers = { authorization: `Bearer ${TOKEN}` }
const SESSIONS = 25

describe('observe/api-pages', function () {
  this.timeout(60_000)
  const bench = new WireBench()
  const { logger, entries } = collectingLogger()
  let served: Served
  let admin: AdminServer
  let client: RawClient
  const others: RawClient[] = []

  before(async () => {
    served = await bench.serve({ keeper: { logger } })
    admin = await AdminServer.listen({ port: 0, token: () => TOKEN, canEdit: true })
    await admin.attach(served.proxy)
    client = await bench.connect(served, { timeoutMs: 30_000 })
    await client.create('/a', { data: 'abcdefghij' })
    for (let i = 0; i < SESSIONS; i++) {
      const other = await bench.connect(served, { timeoutMs: 30_000 })
      others.push(other)
      await other.create(`/a/e${String(i).padStart(2, '0')}`, { flags: 1 })
      await other.exists('/a', true)
    }
  })
  after(async () => {
    await admin?.close()
    await bench.close()
  })

  const get = (path: string) => http(admin.port, `/api/v1/${path}`, { headers })
  const send = (method: string, path: string, body: object, port = admin.port) =>
    http(port, `/api/v1/tree?path=${path}`, { method, headers, body: JSON.stringify(body) })

  const remove = (path: string) =>
    http(admin.port, `/api/v1/tree?path=${path}`, { method: 'DELETE', headers })

  /** All pages of a list, one after the other. */
  async function walk(path: string, list: string): Promise<{ all: unknown[]; pages: number }> {
    const all: unknown[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const behind: string = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const answer = (await get(`${path}${behind}`)).json<Record<string, unknown>>()
      all.push(...(answer[list] as unknown[]))
      cursor = answer.cursor as string | undefined
      pages++
    } while (cursor !== undefined)
    return { all, pages }
  }

  it('a part of the data, and children with what they are', async () => {
    const part = (await get('tree?path=/a&offset=2&bytes=3&children=0')).json()
    expect(part).to.deep.include({ data: Buffer.from('cde').toString('base64'), offset: 2 })
    expect(part.stat).to.deep.include({ dataLength: 10 })
    const behind = (await get('tree?path=/a&offset=99&bytes=3')).json()
    expect(behind).to.deep.include({ data: '', offset: 99 })
    const { children, cursor } = (await get('tree?path=/a&children=2&details')).json()
    expect(cursor).to.equal('e01')
    expect(children).to.deep.equal(
      [0, 1].map((i) => ({
        ...{ name: `e0${i}`, childCount: 0, dataLength: 0, version: 0, kind: 'plain' },
        ephemeralOwner: hex((others[i] as RawClient).sessionId),
      })),
    )
    for (const query of ['offset=-1', 'bytes=x', 'details&children=1001', 'details=maybe']) {
      expect((await get(`tree?path=/a&${query}`)).status, query).to.equal(400)
    }
  })

  it('as of a change that is not here yet, it is what a sync makes it; as of others it is what is here', async () => {
    const { keeper } = served
    const { sync } = keeper
    let syncs = 0
    keeper.sync = async () => {
      syncs++
      await client.create('/synced')
    }
    try {
      const { zxid } = keeper.replica
      const here = await get(`tree?path=/synced&zxid=${zxid}`)
      expect([here.status, syncs]).to.deep.equal([404, 0])
      const behind = await get(`tree?path=/synced&zxid=${zxid + 1}`)
      expect([behind.status, syncs]).to.deep.equal([200, 1])
      expect((await get('tree?path=/synced&zxid=-1')).status).to.equal(400)
    } finally {
      keeper.sync = sync
    }
  })

  it('sessions page by page, each once; one with a page of its ephemerals', async () => {
    const { all, pages } = await walk('sessions?limit=10', 'sessions')
    const ids = all.map((one) => (one as { id: string }).id)
    expect(pages).to.equal(3)
    expect([...ids].sort()).to.deep.equal(
      [client, ...others].map((one) => hex(one.sessionId)).sort(),
    )
    const id = hex((others[3] as RawClient).sessionId)
    const one = (await get(`sessions/${id}`)).json()
    expect(one).to.deep.include({ id, ephemerals: 1, paths: ['/a/e03'], isHere: true })
    for (let i = 0; i < 5; i++) await client.create(`/mine${i}`, { flags: 1 })
    const mine = await walk(`sessions/${hex(client.sessionId)}?limit=2`, 'paths')
    expect(mine).to.deep.equal({ all: [0, 1, 2, 3, 4].map((i) => `/mine${i}`), pages: 3 })
    expect((await get('sessions/0x1')).status).to.equal(404)
    for (const query of [
      'sessions?limit=0',
      'sessions?limit=1001',
      'sessions?cursor=x',
      `sessions/x`,
    ]) {
      expect((await get(query)).status, query).to.equal(400)
    }
  })

  it('watches page by page, below a path, with some of the sessions of each', async () => {
    for (const name of ['b', 'c', 'd']) await client.exists(`/w/${name}`, true)
    await client.getChildren('/a', true)
    const { all, pages } = await walk('watches?limit=2', 'watches')
    expect(
      all.map((one) =>
        Object.values(one as object)
          .slice(0, 2)
          .join(' '),
      ),
    ).to.deep.equal([...['/a data', '/a child', '/w/b data', '/w/c data', '/w/d data']])
    expect(pages).to.equal(2)
    const [data] = all as { sessionCount: number; sessions: string[] }[]
    expect([data?.sessionCount, data?.sessions.length]).to.deep.equal([SESSIONS, 20])
    const below = (await get('watches?prefix=/w&limit=10')).json<{ watches: object[] }>()
    expect(below.watches).to.have.length(3)
    expect((await get('watches?prefix=w')).status).to.equal(400)
  })

  it('creates, changes and deletes under the version that was read; with the ACL of the parent', async () => {
    expect((await send('POST', '/new', { data: 'ü' })).status).to.equal(200)
    expect(sentence(await send('POST', '/new', { data: 'x' }))).to.deep.equal([
      ...[409, 'create /new: znode exists already (ZK_NODE_EXISTS).'],
    ])
    expect((await send('POST', '/none/new', {})).status).to.equal(404)
    const read = (await get('tree?path=/new&encoding=text')).json<{ data: string; stat: Stat }>()
    expect(read.data).to.equal('ü')
    const { version, czxid } = read.stat
    const bytes = { data: '/wA=', encoding: 'base64' }
    expect((await send('PUT', '/new', { ...bytes, version, czxid })).status).to.equal(200)
    expect((await get('tree?path=/new')).json()).to.deep.include({ data: '/wA=' })
    expect(sentence(await send('PUT', '/new', { data: 'y', version, czxid }))).to.deep.equal([
      ...[409, 'setData /new: version does not match (ZK_BAD_VERSION).'],
    ])
    expect((await remove(`/new&version=${version}`)).status).to.equal(409)
    const other = await remove(`/new&version=1&czxid=${czxid + 1}`)
    expect([other.status, /created again/.test(other.body)]).to.deep.equal([409, true])
    expect((await remove(`/new&version=1&czxid=${czxid}`)).status).to.equal(200)
    expect((await get('tree?path=/new')).status).to.equal(404)
    // The sessions of the changes are gone with them.
    expect(served.keeper.replica.sessions.size).to.equal(SESSIONS + 1)
    const logged = entries.filter(({ message }) => message === 'znode changed on request')
    expect(logged.map(({ fields }) => fields.operation)).to.deep.equal([
      'create',
      'setData',
      'delete',
    ])
  })

  it('nothing without a version, with data that is none, or where changes are off', async () => {
    for (const body of [{ data: 'x' }, { data: 'x', version: -1 }, { data: 'x', version: '0' }]) {
      expect((await send('PUT', '/a', body)).status).to.equal(400)
    }
    for (const data of [1, [], { a: 1 }]) {
      expect((await send('PUT', '/a', { data, version: 0 })).status).to.equal(400)
    }
    const odd = { data: 'not base64!', encoding: 'base64', version: 0 }
    expect((await send('PUT', '/a', odd)).status).to.equal(400)
    expect((await remove('/zookeeper/quota&version=0')).status).to.be.within(400, 499)
    const readOnly = await AdminServer.listen({ port: 0, token: () => TOKEN })
    await readOnly.attach(served.proxy)
    expect((await remove('/a')).status).to.equal(400)
    for (const method of ['POST', 'PUT']) {
      const answer = await send(method, '/a', { data: 'x', version: 0 }, readOnly.port)
      expect(sentence(answer)).to.deep.equal([
        ...[403, 'Znodes cannot be changed here without --admin-edit.'],
      ])
      const { status } = await http(admin.port, '/api/v1/tree?path=/a', { method, body: '{}' })
      expect(status, method).to.equal(401)
    }
    await readOnly.close()
    const { data } = (await client.getData('/a')).record
    expect(data?.toString()).to.equal('abcdefghij')
  })

  it('a change whose outcome is not known is said to be so', async () => {
    const { store } = served
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const before = store.txnCount
    const reached = new Promise<void>((resolve) => {
      // The session of the change is opened first.
      store.beforeTxn = () => {
        if (store.txnCount <= before + 1) return
        resolve()
        return held
      }
    })
    const changing = send('PUT', '/a', { data: 'x', version: 0 })
    await reached
    const closing = served.keeper.close(0)
    const answer = await changing
    release()
    await closing
    expect([answer.status, /not known whether/.test(answer.body)]).to.deep.equal([503, true])
  })

  interface Stat {
    readonly version: number
    readonly czxid: number
  }
  const sentence = (answer: HttpAnswer) => [answer.status, answer.json().error]
  const hex = (id: bigint) => `0x${BigInt.asUintN(64, id).toString(16)}`
})
