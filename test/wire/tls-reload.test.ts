/** Certificates of the secure port that change while it serves. */
import { copyFileSync, cpSync, mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { TlsFiles } from '../../proxy/index.ts'
import type { Certificate } from '../support/certificates.ts'
import { requireOrSkip } from '../support/requirements.ts'
import { type SecureServed, serveSecurely, subjectAt, TlsFixtures } from '../support/tls-bed.ts'
import { WireBench } from '../support/wire-bench.ts'

describe('certificates of the secure port', function () {
  this.timeout(60_000)
  let made: TlsFixtures
  let bench: WireBench
  let rsa: Certificate

  before(function () {
    requireOrSkip(this, 'openssl')
    made = new TlsFixtures()
    rsa = made.trusted.issue('rsa', { key: 'rsa' })
  })
  after(() => made?.remove())
  beforeEach(() => {
    bench = new WireBench()
  })
  afterEach(() => bench.close())

  const path = (name: string): string => made.trusted.path(name)
  const own = ({ cert, key }: Certificate): TlsFiles => ({ cert, key, ca: made.trusted.ca })

  describe('that change', () => {
    let folder: string
    let served: SecureServed
    const files = (): TlsFiles => ({
      cert: join(folder, 'tls.crt'),
      key: join(folder, 'tls.key'),
      ca: made.trusted.ca,
    })
    const put = (to: string, { cert, key }: Certificate): void => {
      copyFileSync(cert, join(to, 'tls.crt'))
      copyFileSync(key, join(to, 'tls.key'))
    }

    beforeEach(() => {
      folder = path(`live${performance.now()}`)
      mkdirSync(folder)
    })

    it('are taken into use; no connection is dropped, and none is refused meanwhile', async () => {
      put(folder, made.server)
      served = await serveSecurely(bench, { files: files() })
      const tls = made.clientOptions()
      const open = await bench.connect({ port: served.securePort }, { tls })
      await open.create('/count', { data: '0' })
      let isOver = false
      let writes = 0
      const writing = (async () => {
        for (; !isOver; writes++)
          expect((await open.setData('/count', String(writes))).err).to.equal(0)
      })()
      const dialling = (async () => {
        for (; !isOver; ) (await bench.connect({ port: served.securePort }, { tls })).destroy()
      })()
      put(folder, rsa)
      await served.logged('certificates reloaded')
      expect(await subjectAt(served.securePort, made)).to.equal('rsa')
      isOver = true
      await Promise.all([writing, dialling])
      expect(open.closed).to.equal(false)
      expect(writes).to.be.greaterThan(0)
      expect(served.proxy.stats.tlsHandshakesFailed).to.equal(0)
      expect(served.proxy.door?.keyStore.reloads).to.equal(1)
    })

    it('behind a link that is swapped, as Kubernetes does, are noticed', async () => {
      for (const [name, from] of [
        ['one', made.server],
        ['two', rsa],
      ] as const) {
        mkdirSync(join(folder, name))
        put(join(folder, name), from)
      }
      symlinkSync('one', join(folder, '..data'))
      for (const file of ['tls.crt', 'tls.key'])
        symlinkSync(join('..data', file), join(folder, file))
      served = await serveSecurely(bench, { files: files() })
      symlinkSync('two', join(folder, '..new'))
      renameSync(join(folder, '..new'), join(folder, '..data'))
      await served.logged('certificates reloaded')
      expect(await subjectAt(served.securePort, made)).to.equal('rsa')
    })

    it('but do not fit together are refused: those before stay, and the next change is tried', async () => {
      put(folder, made.server)
      served = await serveSecurely(bench, { files: files() })
      copyFileSync(rsa.cert, join(folder, 'tls.crt'))
      const { level, fields } = await served.logged('changed certificates cannot be used')
      expect([level, fields.reason]).to.satisfy(
        ([of, reason]: string[]) => of === 'error' && /does not belong/.test(reason ?? ''),
      )
      expect(await subjectAt(served.securePort, made)).to.equal('server')
      const failure = await served.proxy.reloadCertificates().catch((error: Error) => error.message)
      expect(failure).to.match(/does not belong/)
      copyFileSync(rsa.key, join(folder, 'tls.key'))
      await served.logged('certificates reloaded')
      expect(await subjectAt(served.securePort, made)).to.equal('rsa')
      expect(served.proxy.door?.keyStore.reloadsFailed).to.equal(1)
    })

    it('are found by looking where there is no notice', async () => {
      put(folder, made.server)
      const target = join(folder, 'elsewhere')
      mkdirSync(target)
      put(target, made.server)
      for (const file of ['tls.crt', 'tls.key']) {
        renameSync(join(folder, file), join(folder, `${file}.old`))
        symlinkSync(join(target, file), join(folder, file))
      }
      served = await serveSecurely(bench, { files: files(), reloadPollMs: 50 })
      put(target, rsa)
      await served.logged('certificates reloaded')
    })

    it('are read when that is requested, and only then where watching is off', async () => {
      put(folder, made.server)
      served = await serveSecurely(bench, { files: files(), reload: false, reloadPollMs: 1 })
      expect(await served.proxy.reloadCertificates()).to.match(
        /^certificates unchanged: CN=server, valid until/,
      )
      put(folder, rsa)
      expect(await served.proxy.reloadCertificates()).to.match(
        /^certificates reloaded: CN=rsa, valid until/,
      )
      expect(await subjectAt(served.securePort, made)).to.equal('rsa')
    })

    it('a new list of revoked certificates ends what they could do', async () => {
      const one = made.other.issue('one')
      const crl = join(folder, 'crl.pem')
      copyFileSync(made.other.revoke(), crl)
      cpSync(made.other.ca, join(folder, 'ca.pem'))
      served = await serveSecurely(bench, {
        files: { ...own(made.server), ca: join(folder, 'ca.pem'), crl },
      })
      const tls = made.clientOptions(one)
      const before = await bench.connect({ port: served.securePort }, { tls })
      expect((await before.create('/a')).err).to.equal(0)
      copyFileSync(made.other.revoke(one), crl)
      await served.logged('certificates reloaded')
      const refused = await bench
        .connect({ port: served.securePort }, { tls })
        .catch((error: Error) => error)
      expect(refused).to.be.instanceOf(Error)
      const { fields } = await served.logged('TLS handshake failed')
      expect(fields.reason).to.match(/is revoked/)
    })
  })
})
