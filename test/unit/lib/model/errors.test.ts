/** The error table and the page that documents it say the same. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { isKeeperError, StoreError, ZK_ERRORS, ZnodeError } from '../../../../lib/model/errors.ts'

describe('errors', () => {
  it('docs/errors.md lists every ZooKeeper result with its number', () => {
    const page = readFileSync('docs/errors.md', 'utf8')
    for (const { code, errno, retriable, message } of Object.values(ZK_ERRORS)) {
      expect(page).to.include(
        `| \`${code}\` | ${errno} | ${retriable ? 'yes' : 'no'} | ${message} |`,
      )
    }
  })

  it('every number stands once', () => {
    const numbers = Object.values(ZK_ERRORS).map((row) => row.errno)
    expect(new Set(numbers).size).to.equal(numbers.length)
  })

  it('a code tells the error, also one the table does not have', () => {
    const known = new ZnodeError(-101, '/a')
    expect([known.code, known.path, known.retriable]).to.deep.equal(['ZK_NO_NODE', '/a', false])
    expect(new ZnodeError(-999).code).to.equal('ZK_ERROR_999')
    expect(isKeeperError(known)).to.equal(true)
    expect(isKeeperError(new Error('other'))).to.equal(false)
    expect(new StoreError('STORE_TIMEOUT', 'late').retriable).to.equal(true)
    expect(new StoreError('STORE_CLOSED', 'closed').retriable).to.equal(false)
  })

  it('a message says that the outcome is unknown where it is, and nowhere else', () => {
    for (const { errno, message } of Object.values(ZK_ERRORS)) {
      const unknown = new ZnodeError(errno, '/a', { outcome: 'unknown' })
      expect(unknown.message).to.equal(`${message}, outcome unknown: /a`)
      const unapplied = new ZnodeError(errno, '/a', { outcome: 'unapplied' })
      expect(unapplied.message).to.equal(`${message}: /a`)
    }
    expect(new ZnodeError(ZK_ERRORS.CONNECTION_LOSS.errno).message).to.equal(
      'connection lost, outcome unknown',
    )
    expect(new ZnodeError(-999, undefined, { message: 'mine' }).message).to.equal('mine')
  })
})
