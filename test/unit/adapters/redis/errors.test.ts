/** What servers say → what callers are told. The replies are those of Redis 6.2 and 7.0. */
import { expect } from 'chai'
import { loadIoredis } from '../../../../adapters/redis/driver.ts'
import { notConnected, toStoreError } from '../../../../adapters/redis/errors.ts'
import { StoreError } from '../../../../lib/model/errors.ts'
import { rejection } from '../../../conformance/support.ts'

const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' })

describe('adapters/redis/errors', () => {
  for (const [message, code] of [
    [
      "OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:9.",
      'STORE_NO_SPACE',
    ],
    [
      "ERR Error running script (call to f_1f): @user_script:9: @user_script: 9: -OOM command not allowed when used memory > 'maxmemory'. ",
      'STORE_NO_SPACE',
    ],
    [
      'MISCONF Errors writing to the AOF file: No space left on device script: 1f',
      'STORE_NO_SPACE',
    ],
    ["READONLY You can't write against a read only replica. script: 1f", 'STORE_UNAVAILABLE'],
    ['NOREPLICAS Not enough good replicas to write.', 'STORE_UNAVAILABLE'],
    ['LOADING Redis is loading the dataset in memory', 'STORE_UNAVAILABLE'],
    [
      'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
      'STORE_UNAVAILABLE',
    ],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      'STORE_UNAVAILABLE',
    ],
    ['CLUSTERDOWN Hash slot not served', 'STORE_UNAVAILABLE'],
    ['ERR max number of clients reached', 'STORE_UNAVAILABLE'],
    ['ERR Error running script: Script killed by user with SCRIPT KILL.', 'STORE_UNAVAILABLE'],
    ['MOVED 3999 127.0.0.1:6381', 'STORE_UNSUPPORTED'],
    ["ERR unknown command 'XADD', with args beginning with:", 'STORE_UNSUPPORTED'],
    ['NOAUTH Authentication required.', 'STORE_UNAUTHENTICATED'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'STORE_UNAUTHENTICATED'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", 'STORE_UNAUTHENTICATED'],
    [
      'ERR AUTH <password> called without any password configured for the default user.',
      'STORE_UNAUTHENTICATED',
    ],
    ['ERR DB index is out of range', 'STORE_INVALID'],
  ] as const) {
    it(`${message.slice(0, 50)}: ${code}, unapplied`, () => {
      const error = toStoreError(reply(message))
      expect([error.code, error.outcome]).to.deep.equal([code, 'unapplied'])
      expect(error.message).to.include(message.slice(0, 20))
    })
  }

  it('a right that was taken away is missed within a script, perhaps after a write', () => {
    const message = "ERR The user executing the script can't run this command or subcommand"
    const error = toStoreError(reply(message))
    expect([error.code, error.outcome]).to.deep.equal(['STORE_UNAUTHENTICATED', 'unknown'])
  })

  it('a reply that nobody foresaw may have followed a write', () => {
    const error = toStoreError(reply('ERR something new'))
    expect([error.code, error.outcome, error.retriable]).to.deep.equal([
      'STORE_INTERNAL',
      'unknown',
      false,
    ])
  })

  it('a connection that ended leaves the outcome open, one that was not there does not', () => {
    const ended = toStoreError(new Error('Connection is closed.'))
    expect([ended.code, ended.outcome]).to.deep.equal(['STORE_UNAVAILABLE', 'unknown'])
    const unsent = toStoreError(
      new Error("Stream isn't writeable and enableOfflineQueue options is false"),
    )
    expect([unsent.code, unsent.outcome]).to.deep.equal(['STORE_UNAVAILABLE', 'unapplied'])
    const never = notConnected(new Error('connect ECONNREFUSED 127.0.0.1:1'))
    expect([never.code, never.outcome]).to.deep.equal(['STORE_UNAVAILABLE', 'unapplied'])
    expect(never.message).to.include('ECONNREFUSED')
  })

  it('the driver’s note of what was sent goes no further', () => {
    const command = { name: 'auth', args: ['me', 'secret'] }
    const error = toStoreError(Object.assign(reply('WRONGPASS invalid'), { command }))
    expect(error.cause).to.not.have.property('command')
  })

  it('a StoreError stays what it is', () => {
    const error = new StoreError('STORE_CLOSED', 'closed')
    expect(toStoreError(error)).to.equal(error)
  })
})

describe('adapters/redis/driver', () => {
  it('says what to install when the package is missing', async () => {
    const missing = loadIoredis(() => Promise.reject(new Error('Cannot find package')))
    expect((await rejection(missing, 'STORE_UNSUPPORTED')).message).to.include(
      'npm install ioredis',
    )
    expect((await loadIoredis()).Redis).to.be.a('function')
  })
})
