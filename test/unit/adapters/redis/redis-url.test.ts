/** What a redis URL may say, and clear sentences for what it may not. */
import { expect } from 'chai'
import { parseRedisUrl } from '../../../../adapters/redis/redis-url.ts'
import { rejection } from '../../../conformance/support.ts'

describe('adapters/redis/redis-url', () => {
  it('reads server, user, database, name and numbers', async () => {
    expect(await parseRedisUrl('redis://h')).to.deep.equal({ host: 'h', port: 6379 })
    expect(await parseRedisUrl('redis://[::1]:7/')).to.deep.equal({ host: '::1', port: 7 })
    expect(
      await parseRedisUrl('redis://me:p%40ss%2F@h:1/2?name=kafka-1&feedBytesMax=1000000'),
    ).to.deep.equal({
      host: 'h',
      port: 1,
      username: 'me',
      password: 'p@ss/',
      db: 2,
      name: 'kafka-1',
      feedBytesMax: 1_000_000,
    })
    expect(await parseRedisUrl('redis://:pass@h')).to.deep.include({ password: 'pass' })
    expect(await parseRedisUrl('redis://:pass@h')).to.not.have.property('username')
    expect(await parseRedisUrl('redis://h?readTimeoutMs=1&writeTimeoutMs=2')).to.deep.include({
      readTimeoutMs: 1,
      writeTimeoutMs: 2,
    })
  })

  it('TLS checks the name it was given, or the address', async () => {
    expect((await parseRedisUrl('rediss://h')).tls).to.deep.equal({ servername: 'h' })
    expect((await parseRedisUrl('rediss://127.0.0.1')).tls).to.deep.equal({})
    expect((await parseRedisUrl('rediss://[::1]')).tls).to.deep.equal({})
  })

  it('refuses in one sentence what it cannot use, and never repeats a password', async () => {
    for (const [url, sentence] of [
      ['redis:', 'looks like'],
      ['redis://', 'looks like'],
      ['redis://u:secret@', 'looks like'],
      ['redis://u:secret@h:99999', 'no host:port'],
      ['redis://u:secret@h,i', 'no host:port'],
      ['redis://secret@h', 'user:password@'],
      ['redis://u:%zzsecret@h', 'percent-encoded'],
      ['redis://u:secret@h/first', 'database number'],
      ['redis://h?colour=red', 'no parameter "colour"'],
      ['redis://h?name=', 'name has'],
      ['redis://h?name=a{b}', 'name has'],
      ['redis://h?ca=x', 'rediss://'],
      ['redis://h?feedBytesMax=much', 'whole number'],
      ['rediss://h?ca=/no/such/file', 'cannot read the ca file'],
      ['rediss://h?cert=x', 'come together'],
    ] as const) {
      const { message } = await rejection(parseRedisUrl(url), 'STORE_INVALID')
      expect(message, url).to.include(sentence).and.not.include('secret')
    }
  })
})
