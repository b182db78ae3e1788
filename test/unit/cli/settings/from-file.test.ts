/** The configuration file: our names and ZooKeeper's, what is ignored, refused, doubled and unknown. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { InvalidArgumentError } from 'commander'
import fc from 'fast-check'
import { fromFile, fromText } from '../../../../cli/settings/from-file.ts'
import { listen } from '../../../../cli/settings/groups/clients.ts'
import { resolve } from '../../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../../cli/settings/schema.ts'
import type { Group, Setting } from '../../../../cli/settings/setting.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'

/** Of super:test. */
const DIGEST = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='

const read = (text: string, groups: readonly Group[] = GROUPS) =>
  resolve(groups, [fromText(groups, 'f', text)])

describe('cli/settings/from-file', () => {
  it('takes our names and those of ZooKeeper, with or without "zookeeper."', () => {
    const { values, problems, warnings } = read(`
      # a comment
      ! another
      tickTime : 2000
      zookeeper.maxCnxns = 0
      max-identities\t7
      jute.maxbuffer=\\
        0x10
      4lw.commands.whitelist = ruok, gtmk, srvr
      minSessionTimeout=-1
      enforceQuota=TRUE
      zookeeper.DigestAuthenticationProvider.superDigest=${DIGEST}
    `)
    expect([...problems, ...warnings]).to.deep.equal([])
    expect(values.keeper).to.include({
      tickTimeMs: 2_000,
      sessionTimeoutMsMin: 4_000,
      sessionTimeoutMsMax: 40_000,
      enforceQuota: true,
    })
    expect(values.proxy).to.include({
      connectionsMax: Number.MAX_SAFE_INTEGER,
      identitiesMax: 7,
      frameBytesMax: 16,
    })
    expect(values.proxy.fourLetterWords).to.deep.equal(['ruok', 'srvr'])
    const shown = values.shown().filter(({ origin }) => origin.kind === 'file')
    expect(
      shown.map(({ setting, text, origin }) => `${setting.name} ${text} ${origin.shown}`),
    ).to.deep.equal([
      'max-frame-bytes 16 f:7',
      'four-letter-words ruok,srvr f:9',
      `max-connections ${Number.MAX_SAFE_INTEGER} f:5`,
      'max-identities 7 f:6',
      'tick-time 2000 f:4',
      'enforce-quota TRUE f:11',
      'super-digest … f:12',
    ])
  })

  it('joins clientPort and clientPortAddress', () => {
    const address = (text: string) => read(text).values.get(listen)
    expect(address('clientPort=2182')).to.deep.equal({ host: '0.0.0.0', port: 2182 })
    expect(address('clientPort=1\nclientPortAddress=::1')).to.deep.equal({ host: '::1', port: 1 })
    expect(address('clientPort=1\nclientPortAddress=zk')).to.deep.equal({ host: 'zk', port: 1 })
    expect(read('clientPortAddress=zk').problems).to.deep.equal([
      'f:1: clientPortAddress: expected clientPort, too: clientPortAddress alone has no port.',
    ])
    expect(read('clientPort=x').problems[0]).to.match(/^f:1: clientPort=.*: expected HOST:PORT/)
  })

  const wrong: [what: string, text: string, says: string | RegExp][] = [
    ['a bad value', 'tickTime=3s', /^f:1: tickTime=3s: expected a whole number above 0/],
    ['a secret that is bad', 'super-digest=hunter2', /^f:1: super-digest: expected user:base64/],
    ['a key twice', 'tickTime=1\n\ntickTime=1', 'f:3: tickTime: the key stands in line 1 already'],
    [
      'a key twice, once with "zookeeper."',
      'tickTime=1\nzookeeper.tickTime=1',
      'f:2: zookeeper.tickTime: the key stands in line 1 already',
    ],
    [
      'ours and ZooKeeper’s, which differ',
      'tickTime=1\ntick-time=2',
      'f:2: tick-time: another value than that of tickTime in line 1, which is the same setting',
    ],
    ['a mistyped key', 'tickTme=1', /^f:1: tickTme: .*did you mean tickTime\?$/],
    ['another case', 'ticktime=1', /did you mean tickTime\?$/],
    ['a strange key', 'a\\nb=1', /^f:1: "a\\nb": there is no such setting/],
    ['no key', '=1', /^f:1: "": there is no such setting/],
    ['a secret in a file that is not there', 'super-digest-file=/no/such', /^f:1: super.*ENOENT/],
    ['a secret as the name of its file', 'super-digest-file=/no/hunter2', /ENOENT/],
    ['what would be less safe', 'ssl.crl=true', /^f:1: ssl.crl: revocation is not looked up/],
    ['a bad escape', 'a=\\u00zz', /^f: malformed escaped unicode/],
  ]
  for (const [what, text, says] of wrong) {
    it(`refuses ${what}`, () => {
      const { problems } = read(text)
      expect(problems).to.have.length(1)
      if (typeof says === 'string') expect(problems[0]).to.include(says)
      else expect(problems[0]).to.match(says)
      expect(problems[0]).to.not.match(/=hunter2|hunter2:/)
    })
  }

  it('names every problem, but not without end', () => {
    expect(read('tickTime=x\nprefix=y\nfoo=1').problems).to.have.length(3)
    const many = Array.from({ length: 1_000 }, (_, i) => `unknown${i}=1`).join('\n')
    expect(read(many).problems).to.have.length(51)
  })

  it('ignores what has no meaning here, with the reason', () => {
    const { problems, warnings } = read(
      'dataDir=/d\nserver.1=a:1:2\nautopurge.purgeInterval=1\nssl.ocsp=false\nskipACL=yes',
    )
    expect(problems).to.deep.equal([])
    expect(warnings).to.have.length(5)
    expect(warnings[0]).to.match(/^f:1: dataDir is ignored: .*use store/)
  })

  it('the same setting by both names with one value is fine', () => {
    expect(read('tickTime=500\ntick-time=500').problems).to.deep.equal([])
  })

  it('a setting may claim keys by their beginning, and convert values', () => {
    const provider: Setting<string | undefined> = {
      name: 'provider',
      value: '<x>',
      text: '',
      parse: (text) => text,
      zookeeper: ['authProvider.*'],
      fromZookeeper: (text) => {
        if (text === 'bad') throw new InvalidArgumentError('expected another one.')
        return text.toLowerCase()
      },
    }
    const groups = [{ title: 'T', settings: [provider as Setting<unknown>] }]
    expect(read('authProvider.1=A', groups).values.get(provider)).to.equal('a')
    expect(read('authProvider.1=bad', groups).problems).to.deep.equal([
      'f:1: authProvider.1: expected another one.',
    ])
  })

  describe('on disk', () => {
    let folder: string
    before(() => {
      folder = temporaryFolder('config')
    })
    after(() => removeFolder(folder))
    const problemsOf = (file: string) => fromFile(GROUPS, file).problems

    it('reads secrets from files, by our name', () => {
      writeFileSync(join(folder, 'digest'), `${DIGEST}\n`)
      const { values, problems } = read(`super-digest-file=${folder}/digest`)
      expect(problems).to.deep.equal([])
      const shown = values.shown().find(({ setting }) => setting.name === 'super-digest')
      expect(shown?.text).to.equal('…')
    })

    it('says why a file cannot be read', () => {
      writeFileSync(join(folder, 'large'), Buffer.alloc(1024 * 1024 + 1, '#'))
      writeFileSync(join(folder, 'binary'), Buffer.from([0x61, 0x3d, 0xff]))
      mkdirSync(join(folder, 'folder'))
      expect(problemsOf('/no/such')[0]).to.match(
        /^the configuration file \/no\/such cannot be read: there is no such file .*ENOENT/,
      )
      expect(problemsOf(join(folder, 'large'))[0]).to.match(/more than 1048576 bytes/)
      expect(problemsOf(join(folder, 'binary'))[0]).to.match(/is not UTF-8 text/)
      expect(problemsOf(join(folder, 'folder'))[0]).to.match(/it is a folder \(EISDIR\)/)
      expect(problemsOf('/dev/zero')[0]).to.match(/more than 1048576 bytes/)
    })
  })

  it('any text is read or refused, and what it says of a setting is found again', () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc
        .tuple(
          fc.constantFrom('tickTime', 'prefix', 'store', 'super-digest', 'dataDir'),
          fc.string(),
        )
        .map(([key, value]) => `${key}=${value}`),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const { values, problems, warnings } = read(lines.join('\n'))
        for (const text of [...problems, ...warnings]) expect(text).to.match(/^f(:\d+)?: |^--/)
        for (const { text } of values.shown()) expect(text).to.not.match(/\n/)
        expect(values.shown()).to.have.length(GROUPS.flatMap(({ settings }) => settings).length)
      }),
      { numRuns: 50 },
    )
  })
})
