/** What servers want of each other: certificates (sslQuorum), or a login (quorum.auth.enableSasl), on real ZooKeepers. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { ClientTls } from '../../lib/index.ts'
import type { Certificate } from '../support/certificates.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../support/temp-folder.ts'
import { TestAuthority } from '../support/test-authority.ts'
import type { ZookeeperServer } from '../support/zookeeper-server.ts'
import { firstOfFeed } from './first-of-feed.ts'
import { QUORUM_LOGIN, startSaslLeader, startTlsLeader } from './guarded-leader.ts'

const pem = (path: string): Buffer => readFileSync(path)

describe('migrate: TLS between the servers', function () {
  this.timeout(120_000)
  let folder: string
  let authority: TestAuthority
  let stranger: TestAuthority
  let server: ZookeeperServer
  let quorumPort: number

  before(async function () {
    requireOrSkip(this, 'zookeeper-3.9', 'openssl')
    folder = temporaryFolder('migrate-tls')
    authority = new TestAuthority(folder, 'ensemble')
    stranger = new TestAuthority(folder, 'stranger')
    const started = await startTlsLeader(folder, authority)
    server = started.server
    quorumPort = started.quorumPort
  })

  after(async () => {
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  const first = (tls?: ClientTls) =>
    firstOfFeed({
      servers: [{ host: '127.0.0.1', port: server.port }],
      quorum: [{ host: '127.0.0.1', port: quorumPort }],
      ...(tls !== undefined && { tls }),
    })
  const tlsOf = ({ cert, key }: Certificate, ca = authority.ca): ClientTls => ({
    ...{ ca: pem(ca), cert: pem(cert), key: pem(key) },
  })

  it('a certificate of the ensemble’s authority is accepted', async () => {
    expect(await first(tlsOf(authority.issue('anykeeper')))).to.have.property('tree')
  })

  it('without TLS, the reason names it', async () => {
    expect(await first())
      .to.have.property('why')
      .that.match(/without an answer.*TLS \(sslQuorum\)/)
  })

  it('without a certificate, and with a strange one, the servers refuse', async () => {
    const refused = /it refuses our certificate, or the lack of one/
    const bare = await first({ ca: pem(authority.ca) })
    expect(bare).to.have.property('why').that.match(refused)
    const strange = await first(tlsOf(stranger.issue('strange')))
    expect(strange).to.have.property('why').that.match(refused)
  })

  it('servers of another authority are not followed', async () => {
    const { ca } = stranger
    const other = await first(tlsOf(authority.issue('anykeeper'), ca))
    expect(other)
      .to.have.property('why')
      .that.match(/its certificate is not of an authority/)
  })
})

describe('migrate: SASL between the servers', function () {
  this.timeout(120_000)
  let folder: string
  let server: ZookeeperServer
  let quorumPort: number

  before(async function () {
    requireOrSkip(this, 'zookeeper')
    folder = temporaryFolder('migrate-sasl')
    const started = await startSaslLeader(folder)
    server = started.server
    quorumPort = started.quorumPort
  })

  after(async () => {
    await server?.stop()
    if (folder !== undefined) removeFolder(folder)
  })

  const first = (sasl?: { user: string; password: string }) =>
    firstOfFeed({
      servers: [{ host: '127.0.0.1', port: server.port }],
      quorum: [{ host: '127.0.0.1', port: quorumPort }],
      ...(sasl !== undefined && { sasl }),
    })

  it('the right password is accepted, also with characters that are quoted', async () => {
    expect(await first(QUORUM_LOGIN)).to.have.property('tree')
  })

  it('a wrong password and an unknown user are refused, for good', async () => {
    for (const [user, password] of [
      [QUORUM_LOGIN.user, 'wrong'],
      // A server takes an unknown name for the one before it: only the password decides.
      ['nobody', 'other'],
    ] as const) {
      const refused = await first({ user, password })
      expect(refused).to.deep.include({ isFinal: true })
      expect(refused)
        .to.have.property('why')
        .that.match(/refused the login of .*SASL DIGEST-MD5/)
    }
  })

  it('without a login, the reason names SASL', async () => {
    expect(await first())
      .to.have.property('why')
      .that.match(/without an answer.*SASL/)
  })
})
