import { expect } from 'chai'
import { rethrow } from './unhandled.ts'

describe('a rejection that nobody handles', () => {
  it('ends a test run, as it would end a process', async () => {
    expect(process.listeners('unhandledRejection')).to.include(rethrow)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const reason = new RangeError('injected')
    try {
      const thrown = new Promise((resolve) => process.once('uncaughtException', resolve))
      void Promise.reject(reason)
      expect(await thrown).to.equal(reason)
    } finally {
      for (const other of others) process.on('uncaughtException', other)
    }
  })

  it('without an Error says what was thrown', () => {
    expect(() => rethrow('this')).to.throw('unhandled rejection: this')
  })
})
