/** What waits for the store over HTTP has an end (--admin-store-timeout), and so has a reader of a long answer (--listing-timeout). */
import { connect } from 'node:net'
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { eventually } from '../support/eventually.ts'
import { type HttpAnswer, http } from '../support/http.ts'
import type { RawClient } from '../support/raw-client.ts'
import { type Served, WireBench } from '../support/wire-bench.ts'

const TOKEN = 'a-token-of-this-test'
const headers = { authorization: `Bearer ${TOKEN}` }

describe('observe/store timeout', function () {
  this.timeout(60_000)
  let bench: WireBench
  let served: Served
  let admin: AdminServer
  let client: RawClient
  /** Transactions wait for it. */
  let gate: Promise<void> | undefined
  let open: () => void

  beforeEach(async () => {
    bench = new WireBench()
    served = await bench.serve({
      proxy: { listingUnreadMs: 200 },
      limits: { commitSilenceMsMax: 60_000, storeSilenceMsMax: 60_000 },
    })
    const bounds = { canEdit: true, storeTimeoutMs: 200 }
    admin = await AdminServer.listen({ port: 0, token: () => TOKEN, ...bounds })
    await admin.attach(served.proxy)
    client = await bench.connect(served, { timeoutMs: 30_000 })
    await client.create('/a', { data: 'old' })
    served.store.beforeTxn = () => gate
  })
  afterEach(async () => {
    open?.()
    await admin?.close()
    await bench?.close()
  })
  const hold = () => {
    gate = new Promise((resolve) => {
      open = () => {
        gate = undefined
        resolve()
      }
    })
  }
  const api = (method: string, path: string, body?: object): Promise<HttpAnswer> =>
    http(admin.port, `/api/v1/${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
  const scraped = async (name: string): Promise<number> => {
    const { body } = await http(admin.port, '/metrics')
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(body)?.[1])
  }
  const refused = async (answer: Promise<HttpAnswer>, sentence: RegExp) => {
    const { status, body } = await answer
    expect([status, body]).to.satisfy(
      ([code, text]: [number, string]) => code === 503 && sentence.test(text),
      `${status} ${body}`,
    )
  }

  it('a change that the store does not carry out, and the end of a session', async () => {
    hold()
    await refused(
      api('PUT', 'tree?path=/a', { data: 'new', version: 0 }),
      /the store does not answer/,
    )
    const id = `0x${client.sessionId.toString(16)}`
    await refused(
      api('POST', `sessions/${id}/close`),
      /is not known to be committed: the store does not answer/,
    )
    expect(await scraped('anykeeper_admin_store_timeouts')).to.equal(2)
    open()
    await eventually('the session has ended', () => client.closed, 20_000)
    // The session of the change was not open in time, so nothing was given to the committer.
    const { data } = (await api('GET', 'tree?path=/a&encoding=text&sync=1')).json<{
      data: string
    }>()
    expect(data).to.equal('old')
  })

  it('a reader that takes nothing of a long answer', async () => {
    for (let i = 0; i < 10_000; i += 1_000) {
      const names = Array.from({ length: 1_000 }, (_, j) => `/a/${'n'.repeat(200)}-${i + j}`)
      await client.multi(names.map((path) => ({ op: 1, path })))
    }
    const socket = connect(admin.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    const request = `GET /api/v1/tree?path=/a&children=10000 HTTP/1.1\r\nhost: localhost\r\n${Object.entries(
      headers,
    )
      .map((line) => line.join(': '))
      .join('\r\n')}\r\n\r\n`
    // More than the system takes for one that does not read.
    socket.write(request.repeat(8))
    await eventually(
      'a reader is disconnected',
      async () => (await scraped('anykeeper_listings_unread')) === 1,
      20_000,
    )
    socket.destroy()
  })
})
