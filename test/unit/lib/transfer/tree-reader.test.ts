import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { CopyError } from '../../../../lib/model/errors.ts'
import { splitLines } from '../../../../lib/transfer/lines.ts'
import { TreeReader } from '../../../../lib/transfer/tree-reader.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

async function linesOf(chunks: Iterable<Uint8Array>, max?: number): Promise<[string, boolean][]> {
  const found: [string, boolean][] = []
  for await (const { bytes: line, complete } of splitLines(chunks, max)) {
    found.push([line.toString(), complete])
  }
  return found
}

async function readAll(text: string | Uint8Array): Promise<string[]> {
  const kinds: string[] = []
  const reader = new TreeReader([typeof text === 'string' ? bytes(text) : text])
  for await (const { kind } of reader.lines()) kinds.push(kind)
  return kinds
}

async function refusal(text: string | Uint8Array): Promise<CopyError> {
  try {
    await readAll(text)
  } catch (error) {
    if (error instanceof CopyError) return error
    throw error
  }
  throw new Error('it was taken')
}

/** With the right counts and digest for whatever is between. */
function fileOf(body: readonly string[], counts: { sessions?: number; znodes?: number } = {}) {
  const sessions = body.filter((line) => line.includes('"session"')).length
  const said = { sessions, znodes: body.length - sessions, ...counts }
  const header = {
    ...{ format: 'anykeeper-tree', version: 1, path: '/', zxid: 9, ...said },
    largest: { path: '/', bytes: 0 },
  }
  const before = [JSON.stringify(header), ...body].map((line) => `${line}\n`).join('')
  const sha256 = createHash('sha256').update(before).digest('hex')
  return `${before}${JSON.stringify({ end: true, ...said, sha256 })}\n`
}

const znode = (path: string, more: object = {}): string =>
  JSON.stringify({ path, czxid: 1, mzxid: 1, ctime: 1, mtime: 1, ...more, data: null })
const session = (digit: number): string =>
  JSON.stringify({ session: `0x000000000000000${digit}`, timeout: 9, password: '0'.repeat(64) })
const owner = { owner: '0x0000000000000001' }

describe('copy/lines', () => {
  it('splits the same lines wherever the chunks are cut', async () => {
    const text = 'one\n\ntwo ü\nlast'
    const expected = [
      ['one', true],
      ['', true],
      ['two ü', true],
      ['last', false],
    ]
    for (let at = 0; at <= bytes(text).length; at++) {
      const chunks = [bytes(text).subarray(0, at), bytes(text).subarray(at)]
      expect(await linesOf(chunks), `cut at ${at}`).to.deep.equal(expected)
    }
    expect(await linesOf([...bytes(text)].map((byte) => Buffer.of(byte)))).to.deep.equal(expected)
  })

  it('a longest line, and one byte more', async () => {
    expect(await linesOf([bytes('12345'), bytes('678\n')], 8)).to.deep.equal([['12345678', true]])
    const error = await linesOf([bytes('a\n12345'), bytes('6789')], 8).catch((e: Error) => e)
    expect(error).to.be.instanceOf(CopyError)
    expect(String(error)).to.match(/line 2: it is longer than 8 bytes/)
  })
})

describe('copy/tree-reader', () => {
  const whole = fileOf([
    session(1),
    session(2),
    znode('/'),
    znode('/a'),
    znode('/a/b', owner),
    znode('/a/c'),
    znode('/a-b'),
    znode('/b'),
  ])

  it('reads to the trailer, also where its line end was lost', async () => {
    const kinds = await readAll(whole)
    expect(kinds[0]).to.equal('header')
    expect(kinds.at(-1)).to.equal('trailer')
    expect(kinds).to.have.length(10)
    expect(await readAll(whole.trimEnd())).to.deep.equal(kinds)
  })

  it('its position is that of the lines before the current one', async () => {
    const reader = new TreeReader([bytes(whole)])
    let before = ''
    for await (const _ of reader.lines()) {
      const sha256 = createHash('sha256').update(before).digest('hex')
      expect(reader.position).to.deep.equal({ line: reader.line - 1, sha256 })
      before += `${whole.split('\n')[reader.line - 1]}\n`
    }
    expect([reader.sessionCount, reader.znodeCount]).to.deep.equal([2, 6])
  })

  it('cut at any byte before its end, it is refused, with the line', async () => {
    const all = bytes(whole)
    for (let at = 0; at < all.length - 1; at++) {
      const cut = all.subarray(0, at)
      const error = await refusal(cut)
      expect(error.code).to.equal('COPY_MALFORMED')
      const lines = cut.toString('latin1').trimEnd().split('\n').length
      if (at === 0) expect(error.message).to.equal('the input is empty')
      else if (cut.at(-1) === 10 || all[at] === 10) {
        expect(error.message).to.contain(`after line ${lines}, without its last line`)
      } else expect(error.line, `cut at ${at}: ${error.message}`).to.equal(lines)
    }
  })

  it('any byte changed is noticed', async () => {
    const all = bytes(whole)
    for (let at = 0; at < all.length - 1; at++) {
      const changed = Buffer.from(all)
      changed[at] = changed[at]! ^ 1
      const error = await refusal(changed)
      expect(error.code, `at ${at}`).to.be.oneOf(['COPY_MALFORMED', 'COPY_UNSUPPORTED'])
    }
  })

  it('any line left out, doubled, or exchanged with the next is noticed', async () => {
    const lines = whole.trimEnd().split('\n')
    for (let at = 0; at < lines.length; at++) {
      const out = lines.toSpliced(at, 1)
      const doubled = lines.toSpliced(at, 0, lines[at]!)
      const exchanged = lines.toSpliced(at, 2, ...lines.slice(at, at + 2).reverse())
      for (const changed of [out, doubled, ...(at + 1 < lines.length ? [exchanged] : [])]) {
        await refusal(`${changed.join('\n')}\n`)
      }
    }
  })

  const bad: [what: string, file: string | Uint8Array, says: RegExp][] = [
    ['another kind of file', 'hello\n', /line 1: this is no export of anykeeper/],
    ['compressed', Buffer.from([0x1f, 0x8b, 8, 0, 10]), /line 1: this is no export of anykeeper/],
    ['line ends of Windows', whole.replaceAll('\n', '\r\n'), /line 1: .*CRLF/],
    [
      'no UTF-8',
      Buffer.from(whole.replace('/a-b', '/\xffab'), 'latin1'),
      /line 8: it is not UTF-8/,
    ],
    ['two headers', `${whole.split('\n')[0]}\n${whole}`, /line 2: the header is the first line/],
    ['no root', fileOf([znode('/a')]), /line 2: the parent of \/a is not where it should be/],
    ['the root twice', fileOf([znode('/'), znode('/')]), /line 3: \/ is the first znode/],
    ['no parent', fileOf([znode('/'), znode('/a/b')]), /line 3: the parent of \/a\/b/],
    [
      'a parent that was left',
      fileOf([znode('/'), znode('/a'), znode('/b'), znode('/a/b')]),
      /line 5: the parent of \/a\/b is not where/,
    ],
    ['children unsorted', fileOf(['/', '/b', '/a'].map((p) => znode(p))), /line 4: \/a is out of/],
    ['a znode twice', fileOf(['/', '/a', '/a'].map((p) => znode(p))), /line 4: \/a is out of/],
    [
      'an ephemeral with a child',
      fileOf([session(1), znode('/'), znode('/a', owner), znode('/a/b')]),
      /line 5: the parent of \/a\/b is ephemeral/,
    ],
    ['an owner unheard of', fileOf([znode('/'), znode('/a', owner)]), /line 3: the owner of \/a/],
    ['sessions unsorted', fileOf([session(2), session(1), znode('/')]), /line 3: sessions are in/],
    ['a session twice', fileOf([session(1), session(1), znode('/')]), /line 3: sessions are in/],
    ['a session too late', fileOf([znode('/'), session(1)]), /line 3: sessions come before znodes/],
    ['a zxid of the future', fileOf([znode('/', { mzxid: 10 })]), /line 2: \/ has a zxid above/],
    [
      'too few znodes',
      fileOf([znode('/')], { znodes: 2 }),
      /line 3: 1 znodes .* 2 .* were exported/,
    ],
    ['too few sessions', fileOf([znode('/')], { sessions: 1 }), /line 3: 1 znodes .* and 1 were/],
    ['nothing', fileOf([]), /line 2: there is no znode/],
    ['more behind the end', `${whole}\n`, /line 11: something follows the last line/],
  ]
  for (const [what, file, says] of bad) {
    it(`refuses ${what}`, async () => {
      expect((await refusal(file)).message).to.match(says)
    })
  }

  it('the digest of another tree is refused', async () => {
    const other = whole.replace(/"sha256":"./, (found) => `${found.slice(0, -1)}x`)
    expect((await refusal(other)).message).to.match(/line 10: .*"sha256"/)
    const changed = whole.replace('"ctime":1', '"ctime":2')
    expect((await refusal(changed)).message).to.match(/line 10: the digest is another one/)
  })
})
