/** DIGEST-MD5 against RFC 2831's rules; the client side is computed on its own. */
import { expect } from 'chai'
import { DigestMd5Exchange, SaslFailure } from '../../../../proxy/sasl/digest-md5.ts'
import { saslAnswer as answer } from '../../../support/sasl-answer.ts'

describe('SASL DIGEST-MD5', () => {
  const users = new Map([
    ['kafka', 'kafka-secret'],
    ['jürgen', 'pässword'],
  ])
  const challenged = () => {
    const exchange = new DigestMd5Exchange(() => users)
    return { exchange, challenge: Buffer.from(exchange.step(Buffer.alloc(0)).token).toString() }
  }

  it('lets in who knows the password, and proves the server to the client', () => {
    for (const [user, password] of users) {
      const { exchange, challenge } = challenged()
      const { token, user: proven } = exchange.step(answer(challenge, user, password))
      expect(proven).to.equal(user)
      expect(Buffer.from(token).toString()).to.match(/^rspauth=[0-9a-f]{32}$/)
    }
  })

  it('refuses a wrong password, an unknown user and every altered field', () => {
    const wrong: [string, string, Record<string, string>][] = [
      ['kafka', 'wrong', {}],
      ['nobody', 'kafka-secret', {}],
      ['kafka', 'kafka-secret', { nonce: '"other"' }],
      ['kafka', 'kafka-secret', { nc: '00000002' }],
      ['kafka', 'kafka-secret', { 'digest-uri': '"ldap/zk-sasl-md5"' }],
      ['kafka', 'kafka-secret', { realm: '"elsewhere"' }],
      ['kafka', 'kafka-secret', { qop: 'auth-conf' }],
      ['kafka', 'kafka-secret', { response: '' }],
      ['kafka', 'kafka-secret', { authzid: '"super"' }],
    ]
    for (const [user, password, change] of wrong) {
      const { exchange, challenge } = challenged()
      expect(() => exchange.step(answer(challenge, user, password, change))).to.throw(SaslFailure)
    }
  })

  it('takes each challenge once, and no garbage', () => {
    const { exchange, challenge } = challenged()
    const token = answer(challenge, 'kafka', 'kafka-secret')
    exchange.step(token)
    expect(() => exchange.step(token)).to.throw(SaslFailure)
    expect(() => challenged().exchange.step(Buffer.from('username="a",username="b"'))).to.throw(
      SaslFailure,
    )
    expect(() => challenged().exchange.step(Buffer.from('\0\xff="'))).to.throw(SaslFailure)
    expect(() => challenged().exchange.step(Buffer.alloc(5_000, 97))).to.throw(SaslFailure)
    expect(() => new DigestMd5Exchange(() => users).step(token)).to.throw(SaslFailure)
  })

  it('judges a password by the users as they are then, not as they were when the client was challenged', () => {
    let present = users
    const exchange = new DigestMd5Exchange(() => present)
    const challenge = Buffer.from(exchange.step(Buffer.alloc(0)).token).toString()
    present = new Map([['kafka', 'another-secret']])
    expect(() => exchange.step(answer(challenge, 'kafka', 'kafka-secret'))).to.throw(SaslFailure)
  })
})
