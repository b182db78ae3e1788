/** What the page makes of bytes, names and numbers, without a browser. */
import { expect } from 'chai'
import { parseMetrics, quantileBetween } from '../../page/metric-values.js'
import { FIRST_PAGE, pageBefore, pageBehind, pageFrom } from '../../page/pages.js'
import { Samples } from '../../page/samples.js'
import {
  bytesText,
  durationText,
  timeText,
  toHex,
  toJson,
  toText,
  visible,
} from '../../page/text.js'

describe('page/text', () => {
  it('JSON is indented and otherwise as it was written: numbers, names that come twice, escapes', () => {
    const text = '{"a":12345678901234567890,"a":1.0e0,"b":[],"c":{ },"d":["x,{\\"]",null]}'
    const lines = [
      ...['{', '  "a": 12345678901234567890,', '  "a": 1.0e0,', '  "b": [],', '  "c": {},'],
      ...['  "d": [', '    "x,{\\"]",', '    null', '  ]', '}'],
    ]
    expect(toJson(text)).to.equal(lines.join('\n'))
    expect(toJson(text)?.replace(/\s/g, '')).to.equal(text.replace(/\s/g, ''))
    for (const none of ['1', '"x"', '{', 'null', '']) expect(toJson(none), none).to.equal(undefined)
  })

  it('JSON that is too deep, or grows too much, is left as it is', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(toJson(nested(100))).to.be.a('string')
    expect(toJson(nested(101))).to.equal(undefined)
    expect(toJson(`${'['.repeat(99)}${'1,'.repeat(30_000)}1${']'.repeat(99)}`)).to.equal(undefined)
  })

  it('text only where it is UTF-8; of a part, characters that its ends divide are left out', () => {
    const bytes = new TextEncoder().encode('aü日b')
    expect(toText(bytes)).to.equal('aü日b')
    expect(toText(bytes.subarray(0, 2), { isCutBehind: true })).to.equal('a')
    expect(toText(bytes.subarray(2), { isCutBefore: true })).to.equal('日b')
    expect(toText(bytes.subarray(0, 2))).to.equal(undefined)
    expect(toText(new Uint8Array([0xff]), { isCutBehind: true })).to.equal(undefined)
    expect(toText(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).to.equal('\ufeffa')
  })

  it('what cannot be seen is escaped', () => {
    expect(visible('a\u202eb\u200bc\u0000d\ufeffe\u00adf\u{e0041}g\ud800h')).to.equal(
      'a\\u{202e}b\\u{200b}c\\u{0}d\\u{feff}e\\u{ad}f\\u{e0041}g\\u{d800}h',
    )
    expect(visible('ü 日本 é <b>')).to.equal('ü 日本 é <b>')
    expect(toHex(new Uint8Array([0, 0x41, 0xff]), 16)).to.match(/^00000010 {2}00 41 ff +\.A\.$/)
  })

  it('numbers and times, also those that are none', () => {
    expect([bytesText(1023), bytesText(1536), bytesText(1024 ** 3)]).to.deep.equal([
      ...['1023 B', '1.5 KiB', '1 GiB'],
    ])
    expect([durationText(0), durationText(61_000), durationText(90_061_000)]).to.deep.equal([
      ...['0 s', '1 min 1 s', '1 d 1 h'],
    ])
    expect([timeText(0), timeText(9e15)]).to.deep.equal([
      ...['1970-01-01 00:00:00.000Z', '9000000000000000 ms'],
    ])
  })

  it('pages: forwards, back, and from a name on', () => {
    const second = pageBehind(FIRST_PAGE, 'm')
    expect(pageBefore(pageBehind(second, 'z'))).to.deep.equal(second)
    expect(pageBefore(second)).to.deep.equal(FIRST_PAGE)
    const { cursor = '' } = pageFrom('0543')
    expect(['0542', '05429'].every((name) => name <= cursor)).to.equal(true)
    expect(['0543', '05430', '0544'].every((name) => name > cursor)).to.equal(true)
    expect(pageFrom('')).to.deep.equal(FIRST_PAGE)
  })

  it('a quantile is of what was counted between two looks', () => {
    const look = (counts: readonly number[]) =>
      parseMetrics(
        ['0.001', '0.01', '+Inf']
          .map((le, i) => `x_seconds_bucket{le="${le}",kind="read"} ${counts[i]}`)
          .join('\n'),
      )
    const of = (before: readonly number[], now: readonly number[], q: number) =>
      quantileBetween(look(before), look(now), 'x_seconds', 'kind="read"', q)
    expect(of([0, 0, 0], [10, 10, 10], 0.5)).to.equal(0.5)
    expect(of([10, 10, 10], [10, 20, 20], 0.5)).to.be.closeTo(5.5, 1e-9)
    expect(of([0, 0, 0], [0, 0, 4], 0.99)).to.equal(10)
    expect(of([5, 5, 5], [5, 5, 5], 0.5)).to.equal(undefined)
  })

  it('each time without answers is a gap of its own, also right behind a start without a tree', () => {
    const samples = new Samples()
    const look = (seconds: number, text: string) =>
      samples.add(parseMetrics(text), seconds * 1_000, seconds * 1_000)
    const served = (uptime: number) => `num_alive_connections 3\nuptime ${uptime}`
    look(2, served(1))
    look(4, served(3))
    expect(samples.gaps).to.equal(0)
    samples.fail()
    // It has begun, and loads its tree: it stands still before it is looked at again.
    look(10, 'process_resident_memory_bytes 1')
    look(22, served(12))
    expect(samples.gaps).to.equal(1)
    look(24, served(14))
    look(36, served(26))
    expect(samples.gaps).to.equal(2)
    samples.fail()
    look(40, served(1))
    look(42, served(3))
    expect(samples.gaps).to.equal(3)
    expect(samples.series.connections).to.deep.equal([3, 3, null, 3, 3, null, 3, null, 3, 3])
    expect(samples.numbers.get('uptime')).to.equal(3)
  })
  it('sums of workers have rates, whichever of them answers, and none across one that was silent', () => {
    const samples = new Samples()
    const look = (seconds: number, worker: number, workers: number, reads: number) => {
      const text = `num_alive_connections 3\nuptime ${seconds}\nanykeeper_worker ${worker}\n`
      const sums = `anykeeper_workers ${workers}\nanykeeper_reads ${reads}`
      samples.add(parseMetrics(text + sums), seconds * 1_000, seconds * 1_000)
    }
    look(2, 1, 2, 100)
    look(4, 2, 2, 120)
    look(6, 1, 2, 140)
    look(8, 1, 1, 60)
    look(10, 2, 2, 180)
    look(12, 1, 2, 200)
    expect(samples.series.reads).to.deep.equal([null, 10, 10, null, null, 10])
    expect(samples.gaps).to.equal(0)
  })
})
