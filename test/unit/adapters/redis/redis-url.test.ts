/** What a redis URL may say, and clear sentences for what it may not. */
import { expect } from 'chai'
import { parseRedisUrl } from '../../../../adapters/redis/redis-url.ts'
import { rejection } from '../../../conformance/support.ts'

const parse = async (url: string) => parseRedisUrl(url)

describe('adapters/redis/redis-url', () => {
  it('reads server, user, database, name and numbers', async () => {
    expect(parseRedisUrl('redis://h')).to.deep.equal({ host: 'h', port: 6379 })
    expect(parseRedisUrl('redis://[::1]:7/')).to.deep.equal({ host: '::1', port: 7 })
    expect(
      parseRedisUrl('redis://me:p%40ss%2F@h:1/2?name=kafka-1&feedBytesMax=1000000'),
    ).to.deep.equal({
      host: 'h',
      port: 1,
      credentials: { username: 'me', password: 'p@ss/' },
      db: 2,
      name: 'kafka-1',
      feedBytesMax: 1_000_000,
    })
    expect(parseRedisUrl('redis://:pass@h').credentials).to.deep.equal({ password: 'pass' })
    expect(parseRedisUrl('redis://h?passwordFile=x').credentials).to.deep.equal({
      passwordFile: 'x',
    })
    expect(parseRedisUrl('redis://h?readTimeoutMs=1&writeTimeoutMs=2')).to.deep.include({
      readTimeoutMs: 1,
      writeTimeoutMs: 2,
    })
  })

  it('TLS checks the name it was given, or the address', async () => {
    expect(parseRedisUrl('rediss://h').tls).to.deep.equal({ servername: 'h' })
    expect(parseRedisUrl('rediss://127.0.0.1').tls).to.deep.equal({})
    expect(parseRedisUrl('rediss://[::1]').tls).to.deep.equal({})
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
      ['rediss://h?cert=x', 'come together'],
    ] as const) {
      const { message } = await rejection(parse(url), 'STORE_INVALID')
      expect(message, url).to.include(sentence).and.not.include('secret')
    }
  })
})
