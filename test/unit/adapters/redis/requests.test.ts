/**
 * Ranges as Redis is asked for them, on ioredis-mock: of sorted sets it keeps the byte order. Scripts,
 * streams and what expires it does not imitate: those are tested on a real server only.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import RedisMock from 'ioredis-mock'
import { Entry, readEntries, readRecord } from '../../../../adapters/redis/records.ts'
import { leaseBytes, rangeArgs, txnArgs } from '../../../../adapters/redis/requests.ts'
import { compareBytes } from '../../../../lib/store/bytes.ts'
import { bytes, text } from '../../../conformance/support.ts'

const limits = { countMax: 7, bytesMax: 99 }

describe('adapters/redis/requests', () => {
  it('the bounds of a range pick its keys from an index, in order, whatever the bytes', async () => {
    const redis = new RedisMock()
    const key = fc
      .string({ unit: fc.constantFrom('a', 'b', '/', '~'), minLength: 1, maxLength: 4 })
      .map((name) => bytes(name))
    const span = fc.tuple(fc.oneof(key, fc.constant(bytes(''))), key)
    await fc.assert(
      fc.asyncProperty(fc.array(key), span, async (keys, [start, end]) => {
        await redis.del('index')
        await redis.zadd('index', '0', 'other', ...keys.flatMap((one) => ['0', text(one)]))
        const [first, last] = rangeArgs({ start, end }, limits) as [Buffer, Buffer]
        const picked = await redis.zrangebylex('index', text(first), text(last))
        const expected = [...new Set(['other', ...keys.map(text)])]
          .filter(
            (one) => compareBytes(bytes(one), start) >= 0 && compareBytes(bytes(one), end) < 0,
          )
          .sort((a, b) => compareBytes(bytes(a), bytes(b)))
        expect(picked).to.deep.equal(expected)
      }),
    )
    redis.disconnect()
  })

  it('one key is asked for without an end', () => {
    const [first, last, count, direction, values, bytesMax] = rangeArgs(
      { start: bytes('k'), descending: true, keysOnly: true },
      limits,
    )
    expect([String(first), String(last), count, direction, values, bytesMax]).to.deep.equal([
      'k',
      '',
      7,
      '-',
      '0',
      99,
    ])
  })

  it('a transaction is one string, save its large values', () => {
    const large = Buffer.alloc(16_384, 'x')
    const [compares, ops, packed, ...apart] = txnArgs({
      compares: [{ target: 'version', key: bytes('a'), equals: 2 ** 40 + 3 }],
      ops: [
        { type: 'put', key: bytes('b'), value: bytes('small') },
        { type: 'put', key: bytes('c'), value: large, lease: 5n },
        { type: 'deleteRange', start: bytes(''), end: bytes('z') },
      ],
    })
    expect([compares, ops]).to.deep.equal([1, 3])
    const item = (kind: string, key: string, operand: string): string => {
      const length = (of: string) => `\0\0\0${String.fromCharCode(of.length)}`
      return `${kind}${length(key)}${key}${length(operand)}${operand}`
    }
    expect((packed as Buffer).toString('latin1')).to.equal(
      item('v', 'a', '\0\0\x01\0\0\0\0\x03') +
        item('p', 'b', 'small') +
        item('L', 'c', '\0\0\0\0\0\0\0\x05') +
        item('r', '-', '(z'),
    )
    expect(apart).to.have.length(1)
    expect(Buffer.compare(apart[0] as Buffer, large)).to.equal(0)
    expect(leaseBytes(2n ** 62n + 1n).toString('hex')).to.equal('4000000000000001')
  })
})

describe('adapters/redis/records', () => {
  const head = (...numbers: number[]): Buffer =>
    Buffer.from(`${numbers.map((n) => n.toString(16).padStart(16, '0')).join('')}00`, 'hex')

  it('reads a record, with numbers beyond 32 bits', () => {
    const record = Buffer.concat([head(3, 2 ** 40 + 1, 7, 9), bytes('value')])
    expect(readRecord(bytes('k'), record)).to.deep.equal({
      key: bytes('k'),
      value: Buffer.from('value'),
      createRevision: 3,
      modRevision: 2 ** 40 + 1,
      version: 7,
      lease: 9n,
    })
  })

  it('what is cut short is damage, not a smaller record', () => {
    expect(() => readRecord(bytes('k'), Buffer.alloc(32))).to.throw('damaged')
    expect(() => new Entry(5, Buffer.alloc(11), [])).to.throw('revision 5')
    const entry = Buffer.from(`${'00'.repeat(11)}01100000000100000021000000006b`, 'hex')
    expect(() => new Entry(5, entry, []).changes).to.throw('revision 5')
  })

  it('nothing is no entries', () => {
    expect(readEntries(null)).to.deep.equal([])
  })
})
