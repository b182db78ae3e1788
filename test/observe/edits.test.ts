/** Changes over HTTP (--admin-edit): data of any size, ACLs, modes, a znode with all below it. What was not seen is not changed. */
import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { type HttpAnswer, type HttpRequest, http } from '../support/http.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'

const AUTH = { authorization: 'Bearer a-token-of-this-test' }
const FRAME_BYTES = 0xfffff

interface Shown {
  readonly stat: { readonly version: number; readonly aversion: number; readonly czxid: number }
  readonly acl: readonly object[]
  readonly kind: string
  readonly ttlMs?: number
}

describe('observe/edits', function () {
  this.timeout(60_000)
  let bench: WireBench
  let served: Served
  let admin: AdminServer
  let client: RawClient

  before(async () => {
    bench = new WireBench()
    served = await bench.serve()
    const token = () => 'a-token-of-this-test'
    admin = await AdminServer.listen({
      ...{ port: 0, token, canEdit: true, editsMax: 2, deletesMax: 20 },
    })
    await admin.attach(served.proxy)
    client = await bench.connect(served, { timeoutMs: 30_000 })
  })
  after(async () => {
    await admin?.close()
    await bench?.close()
  })

  const api = (method: string, path: string, options: HttpRequest = {}): Promise<HttpAnswer> =>
    http(admin.port, `/api/v1/${path}`, { method, ...options, headers: AUTH })

  const json = (method: string, path: string, body: object): Promise<HttpAnswer> =>
    api(method, path, { body: JSON.stringify(body) })

  const shown = async (path: string): Promise<Shown> =>
    (await api('GET', `tree?path=${path}`)).json<Shown>()

  const scraped = async (name: string): Promise<number> => {
    const { body } = await http(admin.port, '/metrics')
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1])
  }

  it('bytes of any size that a client could write, up to the last one; more is refused before it is sent', async () => {
    await client.create('/large', { data: 'x' })
    const { stat } = await shown('/large')
    const most = FRAME_BYTES - 20 - '/large'.length
    const bytes = randomBytes(most)
    const put = (version: number, body: Buffer) =>
      binary(admin.port, `data?path=/large&version=${version}&czxid=${stat.czxid}`, body)
    expect(await put(0, Buffer.alloc(most + 1))).to.equal(413)
    expect(await put(0, bytes)).to.equal(200)
    expect(await put(0, bytes)).to.equal(409)
    const digest = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
    const { data } = (await client.getData('/large')).record
    expect(digest(data as Uint8Array)).to.equal(digest(bytes))
    const back = await download(admin.port, 'data?path=/large')
    expect(digest(back.bytes)).to.equal(digest(bytes))
    expect(back.headers).to.deep.include({
      'content-disposition': 'attachment; filename="data.bin"',
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'x-znode-version': '1',
      'x-znode-czxid': String(stat.czxid),
    })
    await client.create('/null', { data: null })
    expect((await api('GET', 'data?path=/null')).status).to.equal(404)
  })

  it('an ACL, guarded by its own version; one that is none, and auth, are refused with a sentence', async () => {
    await client.create('/acl')
    const { stat } = await shown('/acl')
    const acl = [
      { scheme: 'world', id: 'anyone', perms: 1 },
      { scheme: 'digest', id: 'bob:hash', perms: 31 },
    ]
    const put = (given: object) => json('PUT', 'acl?path=/acl', given)
    const guard = { aversion: 0, czxid: stat.czxid }
    expect((await put({ acl, ...guard, czxid: stat.czxid + 1 })).status).to.equal(409)
    expect((await put({ acl, ...guard })).status).to.equal(200)
    expect((await put({ acl, ...guard })).status).to.equal(409)
    const after = await shown('/acl')
    expect([after.acl, after.stat.aversion, after.stat.version]).to.deep.equal([
      ...[acl.map(({ perms, scheme, id }) => ({ perms, scheme, id })), 1, 0],
    ])
    const next = { aversion: 1, czxid: stat.czxid }
    const refused = [
      ...[[], 'x', [{ scheme: 'world', id: 'anyone', perms: 32 }], [null], [{}]],
      [{ scheme: 'auth', id: '', perms: 31 }],
    ]
    for (const one of refused) expect((await put({ acl: one, ...next })).status).to.equal(400)
    const unknown = [{ scheme: 'nobody-has-it', id: 'x', perms: 1 }]
    const answer = await put({ acl: unknown, ...next })
    expect([answer.status, /invalid ACL/.test(answer.body)]).to.deep.equal([422, true])
    // A super user of the port may lock everybody out, and in again.
    const nobody = [{ scheme: 'ip', id: '10.0.0.1', perms: 1 }]
    expect((await put({ acl: nobody, ...next })).status).to.equal(200)
    expect((await put({ acl, ...next, aversion: 2 })).status).to.equal(200)
  })

  it('modes: a number behind the name, a container, a TTL; an ephemeral has nobody to belong to', async () => {
    await client.create('/modes')
    const make = (name: string, body: object) => json('POST', `tree?path=/modes/${name}`, body)
    const made = await make('job-', { mode: 'persistent_sequential', data: 'x' })
    expect(made.json()).to.deep.include({ path: '/modes/job-0000000000' })
    expect((await make('box', { mode: 'container' })).status).to.equal(200)
    expect((await shown('/modes/box')).kind).to.equal('container')
    const ttl = { mode: 'ttl_sequential', ttlMs: 60_000 }
    const { path } = (await make('t-', ttl)).json<{ path: string }>()
    expect(path).to.equal('/modes/t-0000000002')
    expect(await shown(path)).to.deep.include({ kind: 'ttl', ttlMs: 60_000 })
    for (const body of [
      ...[{ mode: 'ephemeral' }, { mode: 'constructor' }, { mode: 'ttl' }],
      ...[{ mode: 'ttl', ttlMs: 1.5 }, { mode: 'container', ttlMs: 5 }, { mode: 1 }],
    ]) {
      expect((await make('wrong', body)).status, JSON.stringify(body)).to.equal(400)
    }
    expect((await make('job-0000000000', {})).status).to.equal(409)
    expect((await make('job-0000000000/below/deeper', {})).status).to.equal(404)
  })

  it('a znode with all below it: what was counted is deleted, all or nothing', async () => {
    await client.create('/below')
    for (const name of ['a', 'a/b', 'a/b/c', 'd']) await client.create(`/below/${name}`)
    await client.create('/below/e', { flags: 1 })
    const counted = async () =>
      (await api('GET', 'subtree?path=/below')).json<{ count: number; zxid: number }>()
    const remove = async ({ count, zxid }: { count: number; zxid: number }) =>
      (await api('DELETE', `subtree?path=/below&count=${count}&zxid=${zxid}`)).status
    const first = await counted()
    expect(first).to.deep.include({ count: 6, isMore: false, ephemerals: 1, countMax: 20 })
    expect(await remove({ ...first, count: 5 })).to.equal(409)
    await client.setData('/below/a/b/c', Buffer.from('meanwhile'))
    expect(await remove(first)).to.equal(409)
    await client.delete('/below/d')
    await client.create('/below/d')
    expect(await remove({ ...first, count: 6 })).to.equal(409)
    const { tree } = served.keeper.replica
    expect(tree.get('/below')?.childCount).to.equal(3)
    expect(await remove(await counted())).to.equal(200)
    expect(tree.get('/below')).to.equal(undefined)
    expect((await api('GET', 'subtree?path=/below')).status).to.equal(404)
    for (const path of ['/', '/zookeeper', '/zookeeper/quota']) {
      const query = `subtree?path=${path}&count=1&zxid=${Number.MAX_SAFE_INTEGER}`
      expect((await api('DELETE', query)).status, path).to.equal(400)
    }
  })

  it('no more znodes at a time than --admin-max-deletes, and no more changes than --admin-max-edits', async () => {
    await client.create('/much')
    for (let i = 0; i < 20; i++) await client.create(`/much/${i}`)
    const { count, isMore } = (await api('GET', 'subtree?path=/much')).json()
    expect([count, isMore]).to.deep.equal([20, true])
    const all = 'subtree?path=/much&count=21&zxid=999999'
    expect((await api('DELETE', all)).status).to.equal(422)
    expect(await scraped('anykeeper_admin_deletes_refused')).to.equal(1)
    expect(served.keeper.replica.tree.get('/much')?.childCount).to.equal(20)

    await client.create('/slow')
    const half = [1, 2].map(() => opened(admin.port, 'data?path=/slow&version=0'))
    const sockets = await Promise.all(half)
    while ((await scraped('anykeeper_admin_edits')) < 2) await client.exists('/slow')
    const third = await json('PUT', 'tree?path=/slow', { data: 'x', version: 0 })
    expect([third.status, third.headers['retry-after']]).to.deep.equal([503, '5'])
    expect(await scraped('anykeeper_admin_edits_refused')).to.equal(1)
    for (const socket of sockets) socket.destroy()
    while ((await scraped('anykeeper_admin_edits')) > 0) await client.exists('/slow')
    expect((await json('PUT', 'tree?path=/slow', { data: 'x', version: 0 })).status).to.equal(200)
  })
})

/** PUT of bytes. @returns the status */
function binary(port: number, path: string, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { ...AUTH, 'content-type': 'application/octet-stream', expect: '100-continue' }
    const sent = request({
      ...{ host: '127.0.0.1', port, path: `/api/v1/${path}`, method: 'PUT', agent: false },
      headers: { ...headers, 'content-length': String(body.length) },
    })
    sent.on('error', reject)
    sent.on('continue', () => sent.end(body))
    sent.on('response', (response) => {
      response.resume()
      response.on('end', () => {
        sent.destroy()
        resolve(response.statusCode ?? 0)
      })
    })
    sent.flushHeaders()
  })
}

function download(
  port: number,
  path: string,
): Promise<{ headers: Record<string, unknown>; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: `/api/v1/${path}`, headers: AUTH, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ headers: response.headers, bytes: Buffer.concat(chunks) }),
        )
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

/** A PUT whose body does not end. */
async function opened(port: number, path: string): Promise<{ destroy(): void }> {
  const sent = request({
    ...{ host: '127.0.0.1', port, path: `/api/v1/${path}`, method: 'PUT', agent: false },
    headers: { ...AUTH, 'content-length': '10' },
  })
  sent.on('error', () => {})
  await new Promise<void>((resolve) => sent.write('x', () => resolve()))
  return sent
}
