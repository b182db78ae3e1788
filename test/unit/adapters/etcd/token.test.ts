import { expect } from 'chai'
import { Credentials } from '../../../../adapters/credentials/credentials.ts'
import { lifetimeOf } from '../../../../adapters/etcd/auth-codec.ts'
import { Token } from '../../../../adapters/etcd/token.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import { rejection } from '../../../conformance/support.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

/** AuthenticateResponse with a token. */
const answer = (token: string): Buffer =>
  Buffer.concat([Buffer.from([0x12, token.length]), Buffer.from(token)])
const jwt = (seconds: number): string => {
  const claims = { exp: Math.round(Date.now() / 1_000) + seconds }
  return `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`
}

describe('etcd/token', () => {
  let clock: ManualClock
  let token: Token
  /** Log-ins in flight, oldest first. */
  let logIns: ((token: string) => void)[]

  beforeEach(async () => {
    clock = new ManualClock()
    logIns = []
    const sources = { username: 'u', password: 'secret' }
    const credentials = new Credentials({ store: 'etcd', sources, clock })
    await credentials.load()
    const call = () =>
      new Promise<Buffer>((resolve) => logIns.push((text) => resolve(answer(text))))
    token = new Token({ credentials, clock, channel: { call, close: () => {} }, waitMs: 5_000 })
  })
  const used = (): Promise<string | undefined> => token.authorize(async (text) => text)

  it('a call that waits no longer leaves the log-in to the others: one at a time', async () => {
    const late = rejection(used(), 'STORE_TIMEOUT')
    await clock.advance(5_100)
    expect((await late).outcome).to.equal('unapplied')
    const next = used()
    await clock.advance(0)
    expect(logIns).to.have.length(1)
    logIns[0]!('one')
    expect(await next).to.equal('one')
  })

  it('a token that is refused is replaced once, however many calls had it', async () => {
    const first = used()
    await clock.advance(0)
    logIns[0]!('one')
    await first
    const call = async (text: string | undefined) => {
      if (text === 'two') return text
      throw new StoreError('STORE_UNAUTHENTICATED', 'etcd: invalid auth token')
    }
    const calls = Array.from({ length: 10 }, () => token.authorize(call))
    await clock.advance(0)
    expect(logIns).to.have.length(2)
    logIns[1]!('two')
    expect(new Set(await Promise.all(calls))).to.deep.equal(new Set(['two']))
  })

  it('a JWT is replaced before it expires, and used until the new one is there', async () => {
    const first = used()
    await clock.advance(0)
    const old = jwt(100)
    logIns[0]!(old)
    await first
    await clock.advance(50_000)
    expect(logIns).to.have.length(1)
    await clock.advance(12_000)
    expect(logIns).to.have.length(2)
    expect(await used()).to.equal(old)
    logIns[1]!('new')
    await clock.advance(0)
    expect(await used()).to.equal('new')
    token.close()
  })

  it('knows how long a JWT is valid, and nothing of what is none', () => {
    expect(lifetimeOf(jwt(60))).to.be.within(58_000, 61_000)
    for (const text of [
      'simple.12',
      'a.b.c',
      '',
      jwt(-5),
      `h.${btoa('{}')}.s`,
      `h.${btoa('1')}.s`,
    ]) {
      expect(lifetimeOf(text), text).to.equal(undefined)
    }
  })
})
