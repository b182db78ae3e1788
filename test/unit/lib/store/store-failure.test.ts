import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { StoreError } from '../../../../lib/model/errors.ts'
import { storeFailure } from '../../../../lib/store/store-failure.ts'

/** As another copy of the package throws it. */
const foreign = (code: string, more: object = {}): Error =>
  Object.assign(new Error('said'), { name: 'StoreError', code, ...more })

/** In the order of the page. */
const CODES = [
  ...readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8').matchAll(
    /^\| `(STORE_[A-Z_]+)` \|/gm,
  ),
].map(([, code]) => code as string)

describe('what a store failed with', () => {
  it('is a StoreError itself', () => {
    const error = new StoreError('STORE_TIMEOUT', 'mine')
    expect(storeFailure(error, 'unapplied')).to.equal(error)
  })

  it('is one of another copy, with each code of the page', () => {
    expect(CODES).to.have.length(12)
    for (const code of CODES) {
      const cause = foreign(code, { outcome: 'unapplied', retriable: true, compactRevision: 7 })
      const error = storeFailure(cause, 'unknown')
      expect(error).to.be.instanceOf(StoreError)
      const { message, outcome, retriable, compactRevision } = error
      expect(error.code).to.equal(code)
      expect({ message, outcome, retriable, compactRevision, cause: error.cause }).to.deep.equal({
        ...{ message: 'said', outcome: 'unapplied', retriable: true, compactRevision: 7, cause },
      })
    }
  })

  for (const code of ['STORE_', 'STORE_ON_FIRE', 'STORE_UNAVAILABLE ', 'toString', '__proto__']) {
    it(`is STORE_INTERNAL with the code "${code}", whatever else that says of itself`, () => {
      const cause = foreign(code, { outcome: 'unapplied', retriable: true })
      const error = storeFailure(cause, 'unknown')
      expect([error.code, error.outcome, error.retriable, error.cause]).to.deep.equal([
        ...['STORE_INTERNAL', 'unknown', false, cause],
      ])
      expect(error.message).to.equal(
        'the store failed with what is no StoreError: StoreError: said',
      )
    })
  }
})
