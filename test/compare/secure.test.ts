/** `anykeeper compare` with servers over zks://: verified, and what is wrong with certificates is said. */
import { expect } from 'chai'
import { runCopy } from '../copy/copy-process.ts'
import { type AnykeeperProcess, startAnykeeper } from '../support/anykeeper-process.ts'
import { fourLetterWord } from '../support/four-letter-word.ts'
import { freePort } from '../support/free-port.ts'
import { RawClient } from '../support/raw-client.ts'
import { TlsFixtures } from '../support/tls-bed.ts'
import { CompareProcess } from './compare-process.ts'

describe('compare over TLS', function () {
  this.timeout(60_000)
  let made: TlsFixtures
  let candidate: AnykeeperProcess
  let oracle: AnykeeperProcess
  let securePort: number

  before(async () => {
    made = new TlsFixtures()
    securePort = await freePort()
    const { cert, key, ca } = made.files
    const files = ['--tls-cert', cert, '--tls-key', key!, '--tls-ca', ca!]
    candidate = await startAnykeeper({
      args: ['--secure-listen', `127.0.0.1:${securePort}`, ...files],
    })
    oracle = await startAnykeeper()
  })
  after(async () => {
    await candidate?.stop()
    await oracle?.stop()
    made?.remove()
  })

  const sides = () => ({
    candidate: `zks://localhost:${securePort}`,
    oracle: oracle.connectString,
  })

  it('one side over TLS, with a certificate: compared as without', async () => {
    const args = ['--tls-ca', made.trusted.ca]
    args.push('--tls-cert', made.client.cert, '--tls-key', made.client.key)
    const compare = await CompareProcess.start(sides(), { args })
    const client = await RawClient.connect({ port: compare.port })
    expect((await client.create('/a', { data: 'x' })).err).to.equal(0)
    expect((await client.getData('/a', true)).err).to.equal(0)
    expect((await client.setData('/a', 'y')).err).to.equal(0)
    await client.close()
    // A word goes to the candidate.
    expect(await fourLetterWord(compare, 'ruok')).to.equal('imok')
    const { exitCode, counts } = await compare.verdict()
    expect(exitCode).to.equal(0)
    expect(counts.requests).to.be.at.least(4)
    expect(counts.events).to.equal(1)
  })

  const urls = () => {
    const { candidate: one, oracle: other } = sides()
    return ['compare', '--candidate', one, '--oracle', `zk://${other}`, '--listen', '127.0.0.1:0']
  }

  it('a server whose authority is not known: nothing is compared, the reason is logged, and no key', async () => {
    const args = ['--tls-ca', made.other.ca]
    args.push('--tls-cert', made.client.cert, '--tls-key', made.client.key)
    const { candidate: secure, oracle: plain } = sides()
    const compare = await CompareProcess.start({ candidate: plain, oracle: secure }, { args })
    const client = await RawClient.connect({ port: compare.port })
    expect((await client.create('/b')).err).to.equal(0)
    await compare.untilLogged(/certificate.*oracle not reachable/)
    await client.close()
    const { counts } = await compare.verdict()
    expect(counts.requests).to.equal(0)
    expect(compare.child.output).not.to.match(/PRIVATE KEY/)
  })

  it('certificates that cannot be used, or are not: exit 2 with a sentence', async () => {
    const missing = await runCopy([...urls(), '--tls-ca', '/absent/ca'])
    expect([missing.code, missing.stderr]).to.deep.equal([
      2,
      'error: --tls-ca /absent/ca: there is no such file or folder (ENOENT)\n',
    ])
    const half = await runCopy([...urls(), '--tls-cert', made.client.cert])
    expect(half.code).to.equal(2)
    expect(half.stderr).to.match(/--tls-cert and --tls-key go together/)
    const plain = ['compare', '--candidate', 'zk://a:1', '--oracle', 'zk://b:2']
    const unused = await runCopy([...plain, '--tls-ca', made.trusted.ca])
    expect(unused.code).to.equal(2)
    expect(unused.stderr).to.match(/--tls-ca is for servers over zks:\/\/ only/)
  })
})
