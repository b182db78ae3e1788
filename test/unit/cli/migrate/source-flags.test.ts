/** The flags that name a source: what they mean, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Command } from 'commander'
import {
  type SourceFlags,
  sourceOptions,
  withSourceFlags,
} from '../../../../cli/migrate/source-flags.ts'
import { type Certificates, makeCertificates } from '../../../support/certificates.ts'
import { requireOrSkip } from '../../../support/requirements.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'

function parsed(...args: string[]) {
  const command = withSourceFlags(new Command('check'))
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
  return sourceOptions(command.parse(args, { from: 'user' }).opts<SourceFlags>())
}

describe('cli/migrate: the flags of a source', () => {
  let folder: string
  let made: Certificates
  before(function () {
    requireOrSkip(this, 'openssl')
    folder = temporaryFolder('source-flags')
    made = makeCertificates(folder)
    writeFileSync(join(folder, 'password'), 'sec ret\nmore\n')
    writeFileSync(join(folder, 'empty'), '\n')
  })
  after(() => {
    if (folder !== undefined) removeFolder(folder)
  })

  it('addresses have the port 2181 unless they say another one', () => {
    expect(parsed('--source', 'a,b:2182,[::1]:3')).to.deep.equal({
      servers: [
        { host: 'a', port: 2181 },
        { host: 'b', port: 2182 },
        { host: '::1', port: 3 },
      ],
    })
  })

  it('certificates and the password come from files', () => {
    const { ca, client } = made
    const options = parsed(
      ...['--source', 'a', '--quorum', 'b:2888,c:2888', '--server-id', '7'],
      ...['--quorum-ca', ca, '--quorum-cert', client.cert, '--quorum-key', client.key],
      ...['--quorum-server-name', 'zk', '--source-ca', ca],
      ...['--quorum-user', 'me', '--quorum-password-file', join(folder, 'password')],
    )
    const [authority, cert, key] = [ca, client.cert, client.key].map((file) =>
      readFileSync(file, 'utf8'),
    )
    expect(options).to.deep.equal({
      servers: [{ host: 'a', port: 2181 }],
      quorum: [
        { host: 'b', port: 2888 },
        { host: 'c', port: 2888 },
      ],
      tls: { ca: authority, cert, key, serverName: 'zk' },
      clientTls: { ca: authority },
      sasl: { user: 'me', password: 'sec ret' },
      sid: 7,
    })
  })

  for (const [what, args, pattern] of [
    ['no source', [], /required option '--source/],
    ['a port that is none', ['--source', 'a:99999'], /expected HOST\[:PORT\]/],
    ['a chroot', ['--source', 'a:1/x'], /expected HOST\[:PORT\]/],
    ['a quorum address without port', ['--source', 'a', '--quorum', 'b'], /expected HOST:PORT/],
    ['half a login', ['--source', 'a', '--quorum-user', 'u'], /go together/],
    ['half a certificate', ['--source', 'a', '--quorum-cert', 'c'], /go together/],
    ['a name without TLS', ['--source', 'a', '--quorum-server-name', 'n'], /goes with --quorum-ca/],
    [
      'an absent file',
      ['--source', 'a', '--quorum-ca', '/nowhere'],
      /--quorum-ca \/nowhere: there is no such file/,
    ],
    ['no certificate', ['--source', 'a', '--source-ca', 'package.json'], /--source-ca .*in PEM/],
    ['an id out of range', ['--source', 'a', '--server-id', '255'], /whole number from 1 to 254/],
  ] as const) {
    it(`${what} is refused`, () => {
      expect(() => parsed(...args)).to.throw(pattern)
    })
  }

  it('the key of another certificate is refused', () => {
    const { client, server } = made
    const args = ['--source', 'a', '--quorum-cert', client.cert, '--quorum-key', server.key]
    expect(() => parsed(...args)).to.throw(/--quorum-key .*: it is not the key of --quorum-cert /)
  })

  it('a file without a password is refused', () => {
    const file = join(folder, 'empty')
    const args = ['--source', 'a', '--quorum-user', 'u', '--quorum-password-file', file]
    expect(() => parsed(...args)).to.throw(/has no password in its first line/)
  })
})
