/** What a check of the settings says must be what a start would say: files that are named and cannot be used, and values that nothing takes. */
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { fromFlags } from '../../../cli/settings/given.ts'
import { resolve } from '../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../cli/settings/schema.ts'
import { startProblems } from '../../../cli/start-problems.ts'
import { withoutWaiting } from '../../../lib/internal.ts'
import { removeFolder, temporaryFolder } from '../../support/temp-folder.ts'

describe('cli/start-problems', () => {
  let folder: string
  before(() => {
    folder = temporaryFolder('start-problems')
    writeFileSync(at('noise'), 'no certificate\n')
    writeFileSync(at('empty'), '')
    execFileSync('mkfifo', [at('fifo')])
  })
  after(() => {
    if (folder !== undefined) removeFolder(folder)
  })

  const at = (name: string): string => join(folder, name)

  async function said(flags: Record<string, string>, isCheck = true): Promise<string[]> {
    const given = new Map(Object.entries({ store: 'memory:', ...flags }))
    // As a reload does, so that a FIFO costs no time here.
    const { values, problems } = withoutWaiting(() => resolve(GROUPS, [fromFlags(GROUPS, given)]))
    return [...problems, ...(await startProblems(values, isCheck))]
  }

  const cases: [what: string, flags: () => Record<string, string>, says: RegExp][] = [
    [
      'a store’s authority that is absent',
      () => ({ store: `etcds://h:1?ca=${at('absent')}` }),
      /cannot read the ca file \S+ \(ENOENT\)/,
    ],
    [
      'a store’s authority that is none',
      () => ({ store: `rediss://h:1?ca=${at('noise')}` }),
      /the ca file \S+ holds no certificate/,
    ],
    [
      'a store’s password that is empty',
      () => ({ store: `etcd://u@h:1?passwordFile=${at('empty')}` }),
      /the passwordFile file \S+ is empty/,
    ],
    [
      'an audit log that is a FIFO',
      () => ({ audit: 'true', 'audit-file': at('fifo') }),
      /the audit log \S+ cannot be written \(it is not a file\)/,
    ],
    [
      'an audit log in a folder that is absent',
      () => ({ audit: 'true', 'audit-file': at('absent/log') }),
      /the audit log \S+ cannot be written \(ENOENT/,
    ],
    [
      'an audit log below a file',
      () => ({ audit: 'true', 'audit-file': at('noise/log') }),
      /the audit log \S+ cannot be written \(ENOTDIR/,
    ],
    ['workers of a store of one process', () => ({ workers: '2' }), /--workers 2: memory: can be/],
    [
      'a time to live that no store takes',
      () => ({ 'proxy-ttl': '86400001' }),
      /expected a whole number from 1000 to 86400000/,
    ],
    [
      'an authority of the ensemble that is none',
      () => ({ 'quorum-ca': at('noise') }),
      /--quorum-ca \S+: there is no certificate/,
    ],
    [
      'an authority of the ensemble that is a FIFO',
      () => ({ 'quorum-ca': at('fifo') }),
      /--quorum-ca \S+: nothing is in \S+, which is no file/,
    ],
    [
      'SASL users that are a FIFO',
      () => ({ 'sasl-users': at('fifo') }),
      /nothing is in \S+, which is no file/,
    ],
    [
      'SASL users without end',
      () => ({ 'sasl-users': '/dev/zero' }),
      /\/dev\/zero has more than 1048576 bytes/,
    ],
    [
      'a certificate that is a FIFO',
      () => ({ 'tls-on-listen': 'true', 'tls-cert': at('fifo'), 'tls-client-auth': 'none' }),
      /the certificate file \S+ cannot be read: nothing is in \S+/,
    ],
    [
      'a certificate without end',
      () => ({ 'tls-on-listen': 'true', 'tls-cert': '/dev/zero', 'tls-client-auth': 'none' }),
      /the certificate file \/dev\/zero cannot be read: .* more than 16777216 bytes/,
    ],
  ]
  for (const [what, flags, says] of cases) {
    it(what, async () => {
      const sentences = await said(flags())
      expect(sentences).to.have.length(1)
      expect(sentences[0]).to.match(says)
    })
  }

  it('nothing is made by a check; a store’s files are left to the start, which may read them once', async () => {
    expect(await said({ audit: 'true', 'audit-file': at('log') })).to.deep.equal([])
    expect(existsSync(at('log'))).to.equal(false)
    expect(await said({ store: `etcds://h:1?ca=${at('absent')}` }, false)).to.deep.equal([])
  })
})
