/** TLS in a configuration file: ZooKeeper's names and ours, and what is refused. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { fromText } from '../../../../cli/settings/from-file.ts'
import { secureOf } from '../../../../cli/settings/groups/tls.ts'
import { resolve } from '../../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../../cli/settings/schema.ts'
import { requireOrSkip } from '../../../support/requirements.ts'
import { PASSWORD, TlsFixtures } from '../../../support/tls-bed.ts'

const read = (...lines: readonly string[]) =>
  resolve(GROUPS, [fromText(GROUPS, 'f', lines.join('\n'))])

describe('cli/settings/groups/tls', () => {
  let made: TlsFixtures
  let keyStore: string
  let passwordFile: string

  before(function () {
    requireOrSkip(this, 'openssl')
    made = new TlsFixtures()
    keyStore = made.trusted.keyStore(made.server, 'store.p12', PASSWORD)
    passwordFile = join(made.folder, 'password')
    writeFileSync(passwordFile, `${PASSWORD}\n`)
  })
  after(() => made?.remove())

  it('takes a zoo.cfg of ZooKeeper', () => {
    const { values, problems, warnings } = read(
      'secureClientPort=2281',
      'secureClientPortAddress=127.0.0.1',
      'client.portUnification=true',
      'serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory',
      'authProvider.x509=org.apache.zookeeper.server.auth.X509AuthenticationProvider',
      `ssl.keyStore.location=${keyStore}`,
      'ssl.keyStore.type=PKCS12',
      `ssl.keyStore.passwordPath=${passwordFile}`,
      `ssl.trustStore.location=${made.trusted.ca}`,
      'ssl.trustStore.type=PEM',
      'ssl.clientAuth=WANT',
      'ssl.protocol=TLSv1.3',
      'ssl.enabledProtocols=TLSv1.2',
      'ssl.ciphersuites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
      'ssl.hostnameVerification=true',
      'ssl.ocsp=false',
      'client.certReload=false',
      'zookeeper.X509AuthenticationProvider.superUser=CN=admin',
      'netty.server.outstandingHandshake.limit=50',
    )
    expect(problems).to.deep.equal([])
    expect(warnings.map((line) => line.split(' ')[1])).to.deep.equal([
      'serverCnxnFactory',
      'ssl.hostnameVerification',
      'ssl.ocsp',
    ])
    expect(secureOf(values.get)).to.deep.equal({
      host: '127.0.0.1',
      port: 2281,
      onPlainPort: true,
      files: { cert: keyStore, passphrase: PASSWORD, ca: made.trusted.ca },
      clientAuth: 'want',
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
      superUser: 'CN=admin',
      reload: false,
      handshakesMax: 50,
      handshakeTimeoutMs: 10_000,
    })
    expect(JSON.stringify(values.shown().map(({ text }) => text))).to.not.include(PASSWORD)
  })

  it('takes our names', () => {
    const { cert, key } = made.server
    const { values, problems } = read(
      'secure-listen=0.0.0.0:2281',
      `tls-cert=${cert}`,
      `tls-key=${key}`,
      'tls-client-auth=none',
    )
    expect(problems).to.deep.equal([])
    expect(secureOf(values.get)).to.deep.include({
      host: '0.0.0.0',
      port: 2281,
      onPlainPort: false,
      files: { cert, key },
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
    })
  })

  it('is no TLS where nothing asks for it', () => {
    const { values, problems } = read('secureClientPort=-1', 'client.portUnification=false')
    expect(problems).to.deep.equal([])
    expect(secureOf(values.get)).to.equal(undefined)
  })

  const wrong: [string, RegExp, (files: TlsFixtures) => string[]][] = [
    ['a port without certificate', /needs a certificate/, () => ['secureClientPort=2281']],
    [
      'a certificate without port',
      /no port serves TLS/,
      ({ server }) => [`tls-cert=${server.cert}`],
    ],
    [
      'an address without port',
      /expected secureClientPort, too/,
      () => ['secureClientPortAddress=::'],
    ],
    ['old versions', /older versions are not safe/, () => ['ssl.enabledProtocols=TLSv1.1,TLSv1.2']],
    [
      'another type of store',
      /expected PEM or PKCS12/,
      () => ['ssl.keyStore.location=x', 'ssl.keyStore.type=ODD'],
    ],
    ['another mode', /expected one of need, want, none/, () => ['ssl.clientAuth=maybe']],
    ['OCSP', /revocation is not looked up/, () => ['ssl.ocsp=true']],
    [
      'names of clients',
      /verified by their authority/,
      () => ['ssl.clientHostnameVerification=true'],
    ],
    [
      'what is not supported',
      /option of TLS is not supported/,
      () => ['ssl.context.supplier.class=X'],
    ],
    [
      'a file that is absent',
      /there is no such file/,
      () => ['secureClientPort=1', 'tls-cert=/none'],
    ],
    [
      'a wrong password',
      /wrong password/,
      ({ trusted }) => [
        'secureClientPort=1',
        `ssl.keyStore.location=${trusted.path('store.p12')}`,
        'ssl.keyStore.password=hunter2',
        `tls-ca=${trusted.ca}`,
      ],
    ],
    [
      'an unknown cipher suite',
      /no cipher suite "NONE"/,
      ({ server, trusted }) => [
        'secureClientPort=1',
        `tls-cert=${server.cert}`,
        `tls-key=${server.key}`,
        `tls-ca=${trusted.ca}`,
        'ssl.ciphersuites=NONE',
      ],
    ],
  ]
  for (const [what, text, lines] of wrong) {
    it(`refuses ${what}`, () => {
      const { problems } = read(...lines(made))
      expect(problems.join('\n')).to.match(text).and.not.include('hunter2')
      expect(problems).to.have.length(1)
    })
  }
})
