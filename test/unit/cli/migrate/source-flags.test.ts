/** The flags that name a source: what they mean, and what is refused. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Command } from 'commander'
import {
  type SourceFlags,
  sourceOptions,
  withSourceFlags,
} from '../../../../cli/migrate/source-flags.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'

function parsed(...args: string[]) {
  const command = withSourceFlags(new Command('check'))
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
  return sourceOptions(command.parse(args, { from: 'user' }).opts<SourceFlags>())
}

describe('cli/migrate: the flags of a source', () => {
  let folder: string
  before(() => {
    folder = temporaryFolder('source-flags')
    writeFileSync(join(folder, 'pem'), 'PEM')
    writeFileSync(join(folder, 'password'), 'sec ret\nmore\n')
    writeFileSync(join(folder, 'empty'), '\n')
  })
  after(() => removeFolder(folder))

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
    const pem = join(folder, 'pem')
    const options = parsed(
      ...['--source', 'a', '--quorum', 'b:2888,c:2888', '--server-id', '7'],
      ...['--quorum-ca', pem, '--quorum-cert', pem, '--quorum-key', pem],
      ...['--quorum-server-name', 'zk', '--source-ca', pem],
      ...['--quorum-user', 'me', '--quorum-password-file', join(folder, 'password')],
    )
    const text = Buffer.from('PEM')
    expect(options).to.deep.equal({
      servers: [{ host: 'a', port: 2181 }],
      quorum: [
        { host: 'b', port: 2888 },
        { host: 'c', port: 2888 },
      ],
      tls: { ca: text, cert: text, key: text, serverName: 'zk' },
      clientTls: { ca: text },
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
    ['an absent file', ['--source', 'a', '--quorum-ca', '/nowhere'], /nowhere cannot be read/],
    ['an id out of range', ['--source', 'a', '--server-id', '255'], /whole number from 1 to 254/],
  ] as const) {
    it(`${what} is refused`, () => {
      expect(() => parsed(...args)).to.throw(pattern)
    })
  }

  it('a file without a password is refused', () => {
    const file = join(folder, 'empty')
    const args = ['--source', 'a', '--quorum-user', 'u', '--quorum-password-file', file]
    expect(() => parsed(...args)).to.throw(/has no password in its first line/)
  })
})
