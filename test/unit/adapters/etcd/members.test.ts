import { expect } from 'chai'
import { Credentials } from '../../../../adapters/credentials/credentials.ts'
import { type Member, tokensOf } from '../../../../adapters/etcd/member.ts'
import { MemberHealth } from '../../../../adapters/etcd/member-health.ts'
import { Members } from '../../../../adapters/etcd/members.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

const never = (): Promise<never> => new Promise(() => {})

describe('etcd/members', () => {
  let clock: ManualClock
  let health: MemberHealth
  let members: Members

  beforeEach(() => {
    clock = new ManualClock()
    health = new MemberHealth({ count: 3, clock, probe: async () => false })
    const hosts = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']
    const credentials = new Credentials({ store: 'etcd', sources: {}, clock })
    members = new Members({
      hosts,
      credentials,
      tokens: tokensOf(hosts, credentials, { clock, waitMs: 1_000 }),
      preferred: 1,
      health,
      clock,
    })
  })
  afterEach(() => {
    health.close()
    members.close()
  })

  /** Which member a call goes to. */
  const used = (): Promise<number> => members.call(async ({ index }) => index)
  const fails = (message: string, code: 'STORE_TIMEOUT' | 'STORE_UNAVAILABLE') => async () => {
    throw new StoreError(code, message, { outcome: 'unknown' })
  }
  const call = (run: (member: Member) => Promise<unknown>): Promise<unknown> =>
    members.call(run).catch(() => {})

  it('of a member that leaves a call unanswered, and answers nothing else, the next calls stay away', async () => {
    void members.call(never)
    await clock.advance(99)
    members.suspectSilent()
    expect(await used()).to.equal(1)
    await clock.advance(100)
    members.suspectSilent()
    expect(await used()).to.equal(2)
  })

  it('one that answers others meanwhile is not silent', async () => {
    void members.call(never)
    await clock.advance(500)
    expect(await used()).to.equal(1)
    await clock.advance(50)
    members.suspectSilent()
    expect(await used()).to.equal(1)
  })

  it('two callers that are late together do not drive each other from member to member', async () => {
    void members.call(never)
    await clock.advance(300)
    members.suspectSilent()
    void members.call(never)
    members.suspectSilent()
    expect(await used()).to.equal(2)
  })

  it('one that failed is avoided, and trusted again when it answers', async () => {
    await call(fails('etcd: no answer in time', 'STORE_TIMEOUT'))
    expect(await used()).to.equal(2)
    health.answered(1)
    expect(await used()).to.equal(1)
  })

  it('a change of leader is an answer', async () => {
    await call(fails('etcd: no answer in time', 'STORE_TIMEOUT'))
    expect(await used()).to.equal(2)
    health.suspect(2)
    health.suspect(0)
    const changed = fails('etcd: 14: etcdserver: leader changed', 'STORE_UNAVAILABLE')
    await call(changed)
    expect(await used()).to.equal(1)
    expect([0, 2].map((index) => health.isSuspected(index))).to.deep.equal([true, true])
  })
})
