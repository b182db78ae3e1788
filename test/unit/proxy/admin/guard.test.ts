import { expect } from 'chai'
import { digestOf, silentLogger } from '../../../../lib/index.ts'
import type { Call } from '../../../../proxy/admin/http/call.ts'
import { Guard } from '../../../../proxy/admin/http/guard.ts'

const USER = Buffer.from('admin:secret')

describe('admin/guard', () => {
  const guardOf = (algorithm: string) =>
    new Guard(
      {
        superDigests: () => [digestOf(USER, algorithm)],
        digestAlgorithm: algorithm,
        token: () => undefined,
        hostNames: [],
        host: '127.0.0.1',
      },
      silentLogger,
    )
  const call = (authorization: string): Call =>
    ({
      request: { socket: {} },
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
})
