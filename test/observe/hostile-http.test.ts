/** Requests that no honest client sends: each has one answer with the headers of all answers, and nothing waits for its rest. */
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { AdminServer } from '../../proxy/admin/http/admin-server.ts'
import { HEADERS } from '../../proxy/admin/http/call.ts'
import { http } from '../support/http.ts'
import { WireBench } from '../support/wire-bench.ts'

const API = '/api/v1'
const AUTH = 'Authorization: Bearer a-token-of-this-test\r\n'
const HOST = 'Host: 127.0.0.1\r\n'

describe('observe/hostile-http', function () {
  this.timeout(60_000)
  let bench: WireBench
  let admin: AdminServer
  let token = 'a-token-of-this-test'

  before(async () => {
    bench = new WireBench()
    const served = await bench.serve()
    const options = { port: 0, token: () => token, canEdit: true, requestTimeoutMs: 1_000 }
    admin = await AdminServer.listen({ ...options, feedsMax: 1 })
    await admin.attach(served.proxy)
  })
  after(async () => {
    await admin?.close()
    await bench?.close()
  })

  /** All that is answered until the server closes. */
  async function raw(text: string): Promise<string> {
    const socket = connect(admin.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => {})
    socket.write(text, 'latin1')
    await once(socket, 'close')
    return answer
  }

  const statuses = (answer: string) =>
    [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status))

  /** What /metrics counts under this name, without its anykeeper_admin_. */
  async function counted(name: string, port = admin.port): Promise<number> {
    const { body } = await http(port, '/metrics')
    return Number(new RegExp(`^anykeeper_admin_${name} (\\d+)$`, 'm').exec(body)?.[1])
  }
  const counters = new Map([
    [408, 'request_timeouts'],
    [413, 'bodies_too_long'],
    [431, 'headers_too_long'],
  ])

  const cases: Readonly<Record<string, [text: string, status: number]>> = {
    'a length and chunks': [
      `POST ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n${HOST}\r\n`,
      400,
    ],
    'two lengths': [
      `POST ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Content-Length: 0\r\nContent-Length: 40\r\n\r\nGET /livez HTTP/1.1\r\n${HOST}\r\n`,
      400,
    ],
    'an encoding that is none': [
      `POST ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    'two names of this server': [
      `GET /ui/ HTTP/1.1\r\n${HOST}Host: evil.example\r\nConnection: close\r\n\r\n`,
      400,
    ],
    'a path of a mebibyte': [
      `GET ${API}/tree?path=/${'a'.repeat(1 << 20)} HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
      431,
    ],
    'a body that does not come': [
      `PUT ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Content-Length: 9\r\n\r\n{`,
      408,
    ],
    'a large body without credentials': [
      `PUT ${API}/tree HTTP/1.1\r\n${HOST}Content-Length: 99999999\r\n\r\n${'x'.repeat(9_999)}`,
      401,
    ],
    'a body that is no UTF-8': [
      // As latin1: the bytes of a text that is none.
      `PUT ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Content-Length: 2\r\nConnection: close\r\n\r\n\xc3(`,
      400,
    ],
    'no HTTP at all': ['\x16\x03\x01\r\n\r\n', 400],
    'no name of a server': ['GET /livez HTTP/1.1\r\n\r\n', 400],
    'no name of a server, and a body': [
      `POST ${API}/tree HTTP/1.1\r\nContent-Length: 99\r\n\r\n{`,
      400,
    ],
    'an address that is none': [`GET http://[ HTTP/1.1\r\n${HOST}\r\n`, 400],
    'a path that begins with a name': [`GET //x${API}/tree HTTP/1.1\r\n${HOST}${AUTH}\r\n`, 400],
    'a path that leads through another': [
      `GET /livez/..${API}/tree HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
      400,
    ],
    'a path that does so in an encoding': [
      `GET /livez/%2e%2E${API}/tree HTTP/1.1\r\n${HOST}${AUTH}\r\n`,
      400,
    ],
    'a path with backslashes': [`GET /\\x\\..${API}/tree HTTP/1.1\r\n${HOST}${AUTH}\r\n`, 400],
    'an expectation that nobody meets': [
      `PUT ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Expect: a-miracle\r\nContent-Length: 9\r\n\r\n`,
      417,
    ],
    'a body that is to be sent when it is wanted, without credentials': [
      `PUT ${API}/tree HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 9\r\n\r\n`,
      401,
    ],
    'a tunnel': [`CONNECT evil.example:80 HTTP/1.1\r\n${HOST}\r\n`, 405],
    'another protocol': [
      `GET ${API}/none HTTP/1.1\r\n${HOST}Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n`,
      404,
    ],
    'the preface of HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    'a method that is none': [`STEAL ${API}/tree HTTP/1.1\r\n${HOST}\r\n`, 400],
    'a method that is not for here': [
      `TRACE ${API}/tree HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`,
      405,
    ],
    'a header without a colon': [`GET /livez HTTP/1.1\r\n${HOST}nothing\r\n\r\n`, 400],
    'a header with a zero byte': [`GET /livez HTTP/1.1\r\n${HOST}x: a\0b\r\n\r\n`, 400],
    'a length that is none': [
      `PUT ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Content-Length: -1\r\n\r\n`,
      400,
    ],
    'chunks with long extensions': [
      `PUT ${API}/tree HTTP/1.1\r\n${HOST}${AUTH}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}\r\n`,
      413,
    ],
    'a head that does not end': [`GET /livez HTTP/1.1\r\n${HOST}x:`, 408],
    'the same parameter twice': [
      `GET ${API}/tree?path=/&path=/a HTTP/1.1\r\n${HOST}${AUTH}Connection: close\r\n\r\n`,
      400,
    ],
  }
  for (const [name, [text, status]] of Object.entries(cases)) {
    it(`${name}: one answer, and the connection ends`, async () => {
      const counter = counters.get(status)
      const before = counter === undefined ? 0 : await counted(counter)
      const answer = await raw(text)
      expect(statuses(answer)).to.deep.equal([status])
      if (counter !== undefined) expect(await counted(counter)).to.equal(before + 1)
      const last = answer.slice(answer.indexOf(`HTTP/1.1 ${status}`))
      for (const [header, value] of Object.entries(HEADERS)) {
        expect(last).to.include(`\r\n${header}: ${value}\r\n`)
      }
      if (status !== 401) expect(answer).to.match(/\r\n\r\n\{"error":".+"\}\n$/)
    })
  }

  it('a connection that is silent is closed, and counted', async () => {
    const short = await AdminServer.listen({ port: 0, token: () => token, idleTimeoutMs: 50 })
    try {
      const socket = connect(short.port, '127.0.0.1')
      socket.resume()
      await once(socket, 'close')
      expect(await counted('idle_closed', short.port)).to.equal(1)
    } finally {
      await short.close()
    }
  })

  it('a body that is to be sent when it is wanted is wanted from those alone who may send it', async () => {
    const head = `PUT ${API}/log-level HTTP/1.1\r\n${HOST}${AUTH}Expect: 100-continue\r\nConnection: close\r\n`
    expect(statuses(await raw(`${head}Content-Length: 2\r\n\r\n[]`))).to.deep.equal([404])
    const tree = head.replace('log-level', 'tree?path=/')
    expect(statuses(await raw(`${tree}Content-Length: 2\r\n\r\n[]`))).to.deep.equal([100, 400])
    const before = await counted('bodies_too_long')
    expect(statuses(await raw(`${tree}Content-Length: 99999999\r\n\r\n`))).to.deep.equal([413])
    expect(await counted('bodies_too_long')).to.equal(before + 1)
  })

  it('a form of a page of somebody else, with credentials that the browser remembers, does nothing', async () => {
    const basic = `Bearer ${token}`
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const headers = { authorization: basic, origin: 'http://evil.example', 'content-type': type }
      const body = '{"data":"theirs"}'
      const sent = { method: 'POST', headers, body }
      expect((await http(admin.port, `${API}/tree?path=/forged`, sent)).status).to.equal(403)
    }
    const origin = { authorization: basic, origin: 'null' }
    const close = { method: 'POST', headers: origin }
    expect((await http(admin.port, `${API}/sessions/0x1/close`, close)).status).to.equal(403)
    const preflight = await http(admin.port, `${API}/tree`, {
      ...{ method: 'OPTIONS' },
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'PUT' },
    })
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).to.deep.equal([
      ...[405, undefined],
    ])
  })

  it('HEAD of a feed takes no place; a feed ends when its token is replaced', async () => {
    const headers = { authorization: `Bearer ${token}` }
    for (let i = 0; i < 3; i++) {
      const head = await http(admin.port, `${API}/changes`, { method: 'HEAD', headers })
      expect([head.status, head.body]).to.deep.equal([200, ''])
    }
    const lines: string[] = []
    const ended = new Promise<void>((resolve, reject) => {
      const sent = request({
        ...{ host: '127.0.0.1', port: admin.port, path: `${API}/changes`, agent: false, headers },
      })
      sent.on('error', reject)
      sent.on('response', (response) => {
        token = 'another-token-of-this-test'
        response.on('data', (chunk: Buffer) => lines.push(...String(chunk).trim().split('\n')))
        response.on('end', resolve)
      })
      sent.end()
    })
    await ended
    expect(JSON.parse(lines.at(-1) ?? '')).to.deep.equal({
      ...{ kind: 'error', error: 'The token is not the one of this server.' },
    })
  })
})
