/** What a user reads when etcd does not answer: the reason, without the driver's own state. */
import { expect } from 'chai'
import { plain, toStoreError } from '../../../../adapters/etcd/errors.ts'

describe('adapters/etcd: the texts of errors', () => {
  for (const [text, shown] of [
    [
      '14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ',
      'no connection: connect ECONNREFUSED 127.0.0.1:1',
    ],
    [
      '4 DEADLINE_EXCEEDED: Deadline exceeded after 4.993s,name resolution: 0.012s,Waiting for LB pick',
      'no answer within 4993 ms',
    ],
    ['8 RESOURCE_EXHAUSTED: etcdserver: too many requests', 'etcdserver: too many requests'],
    ['13 INTERNAL: ', '13 INTERNAL: '],
    ['something else', 'something else'],
  ] as const) {
    it(JSON.stringify(shown), () => {
      expect(plain(text)).to.equal(shown)
    })
  }

  it('what it means is found in the whole text', () => {
    const text = '14 UNAVAILABLE: No connection established. Last error: null. Resolution note: '
    const { code, outcome } = toStoreError(Object.assign(new Error(text), { code: 14 }))
    expect({ code, outcome }).to.deep.equal({ code: 'STORE_UNAVAILABLE', outcome: 'unapplied' })
  })
})
