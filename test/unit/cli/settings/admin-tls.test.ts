/** TLS of the admin port in a configuration file: ZooKeeper's names and ours, and what is refused. */
import { expect } from 'chai'
import { fromText } from '../../../../cli/settings/from-file.ts'
import { adminTlsOf } from '../../../../cli/settings/groups/admin-tls.ts'
import { resolve } from '../../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../../cli/settings/schema.ts'
import { requireOrSkip } from '../../../support/requirements.ts'
import { PASSWORD, TlsFixtures } from '../../../support/tls-bed.ts'

const read = (...lines: readonly string[]) =>
  resolve(GROUPS, [fromText(GROUPS, 'f', lines.join('\n'))])

describe('cli/settings/groups/admin-tls', () => {
  let made: TlsFixtures
  let keyStore: string

  before(function () {
    requireOrSkip(this, 'openssl')
    made = new TlsFixtures()
    keyStore = made.trusted.keyStore(made.server, 'store.p12', PASSWORD)
  })
  after(() => made?.remove())

  const quorum = () => [
    'admin.serverPort=8080',
    `ssl.quorum.keyStore.location=${keyStore}`,
    'ssl.quorum.keyStore.type=PKCS12',
    `ssl.quorum.keyStore.password=${PASSWORD}`,
  ]

  it('takes a zoo.cfg that forces HTTPS; the certificate of a quorum alone is none of it', () => {
    const { values, problems } = read('admin.forceHttps=true', ...quorum())
    expect(problems).to.deep.equal([])
    expect(adminTlsOf(values.get)).to.deep.equal({
      files: { cert: keyStore, passphrase: PASSWORD },
      reload: true,
    })
    for (const plain of [read(...quorum()), read('admin.forceHttps=false', ...quorum())]) {
      expect(plain.problems).to.deep.equal([])
      expect(adminTlsOf(plain.values.get)).to.equal(undefined)
    }
  })

  it('refuses what would not be HTTPS, or could not be', () => {
    const { cert, key } = made.server
    const listen = 'admin-listen=127.0.0.1:0'
    for (const [lines, text] of [
      [['admin.serverPort=8080', 'admin.forceHttps=true'], 'expected ssl.quorum.keyStore.location'],
      [[`admin-tls-cert=${cert}`, `admin-tls-key=${key}`], 'no port answers HTTP'],
      [[listen, `admin-tls-key=${key}`], 'HTTPS needs a certificate'],
      [[listen, `admin-tls-ca=${made.trusted.ca}`], 'HTTPS needs a certificate'],
      [[listen, 'admin-tls-cert=/no/such.pem'], '/no/such.pem'],
      [[listen, `admin-tls-cert=${cert}`, `admin-tls-key=${made.client.key}`], 'does not belong'],
    ] as const) {
      expect(read(...lines).problems.join('; '), text).to.contain(text)
    }
  })
})
