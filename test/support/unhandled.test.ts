import { expect } from 'chai'
import { Faults } from '../../lib/base/faults.ts'
import { silentLogger } from '../../lib/base/log.ts'
import { rethrow, rethrowFault } from './unhandled.ts'

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

describe('a fault of the library, which nobody reads of', () => {
  it('ends a test run', async () => {
    expect(process.listeners('warning')).to.include(rethrowFault)
    process.removeListener('warning', rethrowFault)
    try {
      const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
      const faults = new Faults(silentLogger, false)
      for (const at of [1, 2]) faults.found(new RangeError(`injected ${at}`), 'fault in this')
      const warning = await warned
      expect(() => rethrowFault(warning)).to.throw('fault in this: RangeError: injected 1\n    at ')
      expect(() => rethrowFault(new Error('another'))).not.to.throw()
    } finally {
      process.on('warning', rethrowFault)
    }
  })
})
