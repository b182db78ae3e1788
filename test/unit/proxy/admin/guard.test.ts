import { expect } from 'chai'
import { digestOf, silentLogger } from '../../../../lib/index.ts'
import type { Call } from '../../../../proxy/admin/http/call.ts'
import { Guard } from '../../../../proxy/admin/http/guard.ts'
import { Guesses } from '../../../../proxy/auth/guesses.ts'

const USER = Buffer.from('admin:secret')

describe('admin/guard', () => {
  const guardOf = (algorithm: string, authFailuresMax = 60) =>
    new Guard(
      {
        superDigests: () => [digestOf(USER, algorithm)],
        digestAlgorithm: algorithm,
        token: () => 'the-token-of-all',
        hostNames: [],
        host: '127.0.0.1',
      },
      silentLogger,
      new Guesses(
        () => ({ authFailuresMax, authFailureAddressesMax: 10 }),
        () => 0,
      ),
    )
  const call = (authorization: string | undefined, remoteAddress = '10.0.0.1'): Call =>
    ({
      request: { socket: { remoteAddress } },
      path: '/api/v1/tree',
      header: (name: string) => (name === 'authorization' ? authorization : undefined),
    }) as unknown as Call

  for (const algorithm of ['SHA1', 'SHA-256', 'SHA3-256']) {
    it(`a super user's password, with digests of ${algorithm}`, () => {
      const guard = guardOf(algorithm)
      for (const right of [`Basic ${USER.toString('base64')}`, 'digest admin:secret']) {
        guard.check(call(right))
      }
      for (const wrong of ['digest admin:other', `Basic ${Buffer.from('a').toString('base64')}`]) {
        expect(() => guard.check(call(wrong)), wrong).to.throw('only a super user may')
      }
      expect(guard.refused).to.equal(2)
    })
  }

  it('too many wrong credentials of an address: none of it is looked at; requests without any do not count', () => {
    const guard = guardOf('SHA1', 3)
    const right = ['Bearer the-token-of-all', 'digest admin:secret']
    for (let i = 0; i < 5; i++) for (const one of right) guard.check(call(one))
    for (let i = 0; i < 5; i++) {
      expect(() => guard.check(call(undefined))).to.throw('Auth info is missing')
    }
    expect(() => guard.check(call('Bearer another'))).to.throw('The token is not')
    expect(() => guard.check(call('digest admin:other'))).to.throw('only a super user')
    expect(() => guard.check(call('Basic eA=='))).to.throw('only a super user')
    for (const any of [...right, 'Bearer another']) {
      expect(() => guard.check(call(any)))
        .to.throw('Too many')
        .with.property('status', 429)
      guard.check(call(right[0], '10.0.0.2'))
    }
  })
})
