/** Settings of authentication: ZooKeeper's names, and what is refused because nobody could get in. */
import { expect } from 'chai'
import { fromText } from '../../../../cli/settings/from-file.ts'
import { authProvider, superDigest } from '../../../../cli/settings/groups/authentication.ts'
import { resolve } from '../../../../cli/settings/resolve.ts'
import { GROUPS } from '../../../../cli/settings/schema.ts'

/** Of super:test and root:x. */
const DIGESTS = ['super:D/InIHSb7yEEbrWz8b9l71RjZJU=', 'root:Lve95gjOVATpfV8EL5X4nxwjKHE=']
const read = (...lines: string[]) => resolve(GROUPS, [fromText(GROUPS, 'f', lines.join('\n'))])

describe('cli/settings/groups/authentication', () => {
  it('takes ZooKeeper’s names', () => {
    const { values, problems } = read(
      `zookeeper.DigestAuthenticationProvider.superDigest=${DIGESTS.join(',')}`,
      'DigestAuthenticationProvider.digestAlg=sha-1',
      'DigestAuthenticationProvider.enabled=true',
      'superUser=admin',
      'superUser.1=second',
      'letAnySaslUserDoX=everybody',
      'allowSaslFailedClients=true',
      'enforce.auth.enabled=true',
      'enforce.auth.schemes=digest, ip',
      'sessionRequireClientSASLAuth=false',
      'authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
      'audit.enable=true',
      'audit.impl.class=org.apache.zookeeper.audit.Slf4jAuditLogger',
    )
    expect(problems).to.deep.equal([])
    expect(values.get(superDigest)).to.deep.equal(DIGESTS)
    expect(values.get(authProvider)).to.deep.equal([])
    expect(values.proxy).to.deep.include({
      saslSuperUsers: ['admin', 'second'],
      anySaslUser: 'everybody',
      allowSaslFailedClients: true,
      enforcedSchemes: ['digest', 'ip'],
    })
  })

  it('an enforcement that is off requires nothing', () => {
    const { values, problems } = read('enforce.auth.enabled=false', 'enforce.auth.schemes=sasl')
    expect(problems).to.deep.equal([])
    expect(values.proxy.enforcedSchemes).to.deep.equal([])
  })

  const refused: [title: string, lines: string[], problem: RegExp][] = [
    ['schemes are missing', ['enforce.auth.enabled=true'], /expected enforce.auth.schemes, too/],
    [
      'SASL without users',
      ['sessionRequireClientSASLAuth=true'],
      /names sasl.*sasl needs --sasl-users/,
    ],
    ['an unknown scheme', ['enforce-auth-schemes=world'], /names world, which is not offered/],
    [
      'digest, which is off',
      ['enforce-auth-schemes=digest', 'digest-auth=false'],
      /names digest, which is not offered/,
    ],
    [
      'another class of Java',
      ['authProvider.1=com.example.Auth'],
      /com\.example\.Auth cannot be loaded/,
    ],
    ['a provider of a built-in scheme', ['auth-provider=digest=./x.mjs'], /"digest" is built in/],
    ['a provider without a module', ['auth-provider=token'], /expected scheme=module/],
    ['two providers of one scheme', ['auth-provider=a=./x.mjs,a=./y.mjs'], /"a" is given twice/],
    ['an unknown algorithm', ['digest-algorithm=ROT13'], /expected one of MD5, SHA/],
    [
      'a digest of another algorithm',
      [`super-digest=${DIGESTS[0]}`, 'digest-algorithm=SHA-256'],
      /expected user:base64\(sha-256/,
    ],
    ['one digest of two is none', [`super-digest=${DIGESTS[0]},super:secret`], /base64\(sha1/],
  ]
  for (const [title, lines, problem] of refused) {
    it(`is refused: ${title}`, () => {
      const { problems } = read(...lines)
      expect(problems.join('\n')).to.match(problem)
      expect(problems.join('\n')).to.not.include('secret')
    })
  }
})
