/** Certificates and keys in files: what is accepted, what is refused with a sentence, and what happens when they change. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { TlsError, type TlsFiles } from '../../proxy/index.ts'
import { KeyStore } from '../../proxy/tls/key-store.ts'
import { SECURE_DEFAULT, type SecureOptions } from '../../proxy/tls/options.ts'
import type { Certificate } from '../support/certificates.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { PASSWORD, serveSecurely, subjectAt, TlsFixtures } from '../support/tls-bed.ts'
import { collectingLogger, WireBench } from '../support/wire-bench.ts'

describe('certificates of the secure port', function () {
  this.timeout(60_000)
  let made: TlsFixtures
  let bench: WireBench
  let rsa: Certificate

  before(function () {
    requireOrSkip(this, 'openssl', 'java')
    made = new TlsFixtures()
    rsa = made.trusted.issue('rsa', { key: 'rsa' })
    made.trusted.openssl(
      'rsa',
      '-in',
      rsa.key,
      '-aes256',
      '-passout',
      `pass:${PASSWORD}`,
      '-out',
      'locked.key',
    )
    made.trusted.openssl('x509', '-in', 'server.pem', '-outform', 'der', '-out', 'server.der')
    made.trusted.keyStore(made.server, 'server.p12', PASSWORD)
    made.trusted.keyStore(rsa, 'rsa.p12', PASSWORD)
    made.trusted.trustStore('trust.p12', PASSWORD)
    made.trusted.trustStore('trust.jks', PASSWORD, 'JKS')
    made.trusted.trustStore('trust.jceks', PASSWORD, 'JCEKS')
    write('both.pem', [made.server.cert, made.server.key])
    write('chain.pem', [made.trusted.ca, made.server.cert])
    writeFileSync(path('empty'), '')
    writeFileSync(path('noise'), 'no certificate at all\n')
    writeFileSync(path('bcfks'), Buffer.from('30073005020101', 'hex'))
    made.trusted.issue('old', { until: '20210101000000Z' })
  })
  after(() => made?.remove())
  beforeEach(() => {
    bench = new WireBench()
  })
  afterEach(() => bench.close())

  const path = (name: string): string => made.trusted.path(name)
  const write = (name: string, files: readonly string[]): void =>
    writeFileSync(path(name), Buffer.concat(files.map((file) => readFileSync(file))))
  const own = ({ cert, key }: Certificate): TlsFiles => ({ cert, key, ca: made.trusted.ca })

  describe('are accepted as', () => {
    const ways: [string, () => TlsFiles][] = [
      ['two PEM files, EC', () => own(made.server)],
      ['two PEM files, RSA', () => own(rsa)],
      [
        'one PEM file with both, as ZooKeeper’s',
        () => ({ cert: path('both.pem'), ca: made.trusted.ca }),
      ],
      [
        'PEM with an encrypted key',
        () => ({ ...own({ cert: rsa.cert, key: path('locked.key') }), passphrase: PASSWORD }),
      ],
      [
        'PKCS12 of openssl, EC',
        () => ({ cert: path('server.p12'), passphrase: PASSWORD, ca: made.trusted.ca }),
      ],
      [
        'PKCS12 of openssl, RSA, and a trust store of keytool',
        () => ({
          cert: path('rsa.p12'),
          passphrase: PASSWORD,
          ca: path('trust.p12'),
          caPassphrase: PASSWORD,
        }),
      ],
    ]
    for (const password of ['pässwörd', '€uro-ключ-🔑']) {
      for (const [how, extra] of [
        ['of today', []],
        ['of before', ['-legacy']],
        ['without a seal', ['-nomac']],
      ] as const) {
        ways.push([
          `PKCS12 of openssl ${how}, with the password ${password}`,
          () => {
            const to = ['-out', 'odd.p12', '-passout', `pass:${password}`]
            made.trusted.openssl(
              ...['pkcs12', '-export', '-in', made.server.cert, '-inkey', made.server.key],
              ...[...to, ...extra],
            )
            return { cert: path('odd.p12'), passphrase: password, ca: made.trusted.ca }
          },
        ])
      }
    }
    for (const [what, files] of ways) {
      it(what, async () => {
        const served = await serveSecurely(bench, { files: files() })
        expect(await subjectAt(served.securePort, made)).to.match(/^server|rsa$/)
        const client = await bench.connect(
          { port: served.securePort },
          { tls: made.clientOptions() },
        )
        expect((await client.create('/a')).err).to.equal(0)
      })
    }
  })

  describe('are refused with a sentence:', () => {
    const ca = () => ({ ca: made.trusted.ca })
    const cases: [string, RegExp, () => TlsFiles, Partial<SecureOptions>?][] = [
      [
        'no authorities',
        /nothing says whose certificates are trusted/,
        () => ({ ...own(made.server), ca: undefined as never }),
      ],
      [
        'a file that is absent',
        /the certificate file .* cannot be read: there is no such file/,
        () => ({ ...ca(), cert: path('absent') }),
      ],
      ['a folder', /it is a folder/, () => ({ ...ca(), cert: made.folder })],
      ['an empty file', /is empty/, () => ({ ...ca(), cert: path('empty') })],
      ['noise', /is not PEM/, () => ({ ...ca(), cert: path('noise') })],
      ['DER', /openssl x509 -inform der/, () => ({ ...ca(), cert: path('server.der') })],
      [
        'no key',
        /has no private key: name the file of the key/,
        () => ({ ...ca(), cert: made.server.cert }),
      ],
      [
        'a key file without a key',
        /the key file .* has no private key$/,
        () => own({ cert: made.server.cert, key: made.server.cert }),
      ],
      [
        'the key of another certificate',
        /does not belong to the certificate/,
        () => own({ cert: made.server.cert, key: rsa.key }),
      ],
      [
        'a chain in the wrong order',
        /must be the server's own/,
        () => own({ cert: path('chain.pem'), key: made.server.key }),
      ],
      [
        'an encrypted key without password',
        /is encrypted, and no password/,
        () => own({ cert: rsa.cert, key: path('locked.key') }),
      ],
      [
        'an encrypted key with a wrong password',
        /the password is wrong/,
        () => ({ ...own({ cert: rsa.cert, key: path('locked.key') }), passphrase: 'not it' }),
      ],
      [
        'an expired certificate',
        /has expired: it was valid until Jan/,
        () => own({ cert: path('old.pem'), key: path('old.key') }),
      ],
      [
        'PKCS12 and a key',
        /name no key file/,
        () => ({ ...ca(), cert: path('server.p12'), key: made.server.key, passphrase: PASSWORD }),
      ],
      [
        'a list of revoked certificates in PKCS12',
        /is a PKCS12 store: it must be PEM/,
        () => ({ ...own(made.server), crl: path('server.p12') }),
      ],
      [
        'PKCS12 without password',
        /it needs a password/,
        () => ({ ...ca(), cert: path('server.p12') }),
      ],
      [
        'PKCS12 with a wrong password',
        /wrong password/,
        () => ({ ...ca(), cert: path('server.p12'), passphrase: 'not it' }),
      ],
      [
        'a trust store as key store',
        /it may be a trust store/,
        () => ({ ...ca(), cert: path('trust.p12'), passphrase: PASSWORD }),
      ],
      [
        'JKS',
        /is a JKS store, .*keytool -importkeystore -srckeystore .*trust\.jks -destkeystore store\.p12 -deststoretype PKCS12/,
        () => ({ ...ca(), cert: path('trust.jks') }),
      ],
      [
        'JKS as trust store',
        /is a JKS store/,
        () => ({ ...own(made.server), ca: path('trust.jks') }),
      ],
      ['JCEKS', /is a JCEKS store/, () => ({ ...ca(), cert: path('trust.jceks') })],
      ['BCFKS', /is a BCFKS store.*-srcstoretype BCFKS/, () => ({ ...ca(), cert: path('bcfks') })],
      [
        'a revocation list that is none',
        /the revocation list .* has no list/,
        () => ({ ...own(made.server), crl: made.trusted.ca }),
      ],
      [
        'an unknown cipher suite',
        /there is no cipher suite "NONE"/,
        () => own(made.server),
        { ciphers: ['NONE'] },
      ],
      [
        'TLS that no port serves',
        /no port serves it/,
        () => own(made.server),
        { port: undefined as never },
      ],
    ]
    for (const [what, text, files, more] of cases) {
      it(what, async () => {
        const defined = Object.entries(files()).filter(([, value]) => value !== undefined)
        const error = await serveSecurely(bench, {
          files: Object.fromEntries(defined) as unknown as TlsFiles,
          ...more,
        }).then(
          () => undefined,
          (reason: unknown) => reason as Error,
        )
        expect(error, String(error)).to.be.instanceOf(TlsError)
        expect(error?.message).to.match(text)
        expect(error?.message).to.not.include(PASSWORD).and.not.include('not it')
      })
    }
  })

  it('are warned of 30, 7 and 1 days before they expire, once each', async () => {
    const clock = new ManualClock()
    const { logger, entries } = collectingLogger()
    const pass = async (days: number): Promise<string[]> => {
      clock.suspend(days * 86_400_000)
      await clock.advance(3_600_000)
      return entries.splice(0).map(({ level, message }) => `${level}: ${message}`)
    }
    clock.suspend(Date.now() - clock.now())
    const store = keyStoreOf(own(made.server), { clock, logger })
    expect(store.expiresInSeconds).to.be.within(3_640 * 86_400, 3_651 * 86_400)
    const daysLeft = Math.floor(store.expiresInSeconds / 86_400)
    const soon = 'warn: a certificate of this server expires soon'
    expect(await pass(daysLeft - 31)).to.deep.equal([])
    expect(await pass(2)).to.deep.equal([soon])
    expect(await pass(1)).to.deep.equal([])
    expect(await pass(22)).to.deep.equal([soon])
    expect(await pass(6)).to.deep.equal([soon])
    expect(await pass(2)).to.deep.equal(['error: a certificate of this server has expired'])
    expect(await pass(1)).to.deep.equal([])
    expect(store.expiresInSeconds).to.be.lessThan(0)
    store.close()
  })

  function keyStoreOf(
    files: TlsFiles,
    { clock = new ManualClock(), logger = collectingLogger().logger } = {},
  ): KeyStore {
    const secure = { ...SECURE_DEFAULT, files, reload: false }
    return new KeyStore({ secure, clock, logger, apply: () => {} })
  }
})
