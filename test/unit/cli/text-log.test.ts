import { expect } from 'chai'
import { pino } from 'pino'
import { asText } from '../../../cli/text-log.ts'
import { StoreError } from '../../../lib/index.ts'

describe('cli/text-log', () => {
  it('time, level, message, fields', () => {
    const line = JSON.stringify({
      level: 40,
      time: 0,
      pid: 1,
      hostname: 'h',
      store: 'etcd://a:1',
      tries: 3,
      who: 'a b',
      settings: { listen: 'x:1' },
      msg: 'not reachable',
    })
    expect(asText(`${line}\n`)).to.equal(
      '1970-01-01T00:00:00.000Z warn  not reachable store=etcd://a:1 tries=3 who="a b" settings={"listen":"x:1"}\n',
    )
  })

  it('an error: its reason in the line, and where it was thrown below', () => {
    let text = ''
    const log = pino({}, { write: (line: string) => (text = asText(line)) })
    log.error({ err: new Error('no space') }, 'not written')
    const [first, second] = text.split('\n')
    expect(first).to.match(/ error not written reason="no space"$/)
    expect(second).to.match(/^ {4}at .*text-log\.test\.ts/)
  })

  it('a store that does not answer: one line, which says it once', () => {
    let text = ''
    const log = pino({}, { write: (line: string) => (text = asText(line)) })
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:2379')
    const error = (code: 'STORE_UNAVAILABLE' | 'STORE_INTERNAL') =>
      new StoreError(code, `etcd: no connection: ${cause.message}`, { cause })
    log.warn({ err: error('STORE_UNAVAILABLE'), tries: 3 }, 'sent again')
    expect(text).to.match(
      / warn {2}sent again reason="etcd: no connection: connect ECONNREFUSED 127\.0\.0\.1:2379" tries=3\n$/,
    )
    log.warn({ err: error('STORE_INTERNAL') }, 'not sent')
    expect(text.split('\n')[1], 'where a bug is').to.match(/^ {4}at .*text-log\.test\.ts/)
  })

  it('nothing that a terminal would obey, and no line of its own for a client’s text', () => {
    const line = {
      level: 30,
      time: 0,
      '\u001b[1m': '\u001b[31m\nx',
      msg: 'a\n\u202e\u001b]0;b\u0007',
    }
    expect(asText(`${JSON.stringify(line)}\n`)).to.match(/^[^\p{Cc}\p{Cf}]*\n$/u)
  })

  it('what is no line of pino stays', () => {
    for (const text of ['', 'plain', 'null', '{}', '[1']) expect(asText(text)).to.equal(text)
  })
})
