/** Names and data of others on a terminal, in a pipe and in JSON; ACLs as text. */
import { expect } from 'chai'
import { aclText, parseAcl } from '../../../../cli/znode/acl-text.ts'
import { dataJson, fromBase64, hexDump, shownData } from '../../../../cli/znode/data-text.ts'
import { columnsOf, shownBytes, shownCount, tableOf } from '../../../../cli/znode/layout.ts'
import { Output } from '../../../../cli/znode/output.ts'
import { padded, printable, printableText, widthOf } from '../../../../cli/znode/printable.ts'

/** Escapes, a bell, C1's CSI, a line feed, a change of direction, an invisible blank, half a pair. */
const EVIL = 'a\u001b]0;x\u0007\u009b2J\nb\u202ec\u200b\ud800\u2028'
/** A mark of direction, a byte order mark, a hyphen that is not shown, a tag, a filler: letters that nobody sees. */
const UNSEEN = ['\u061c', '\ufeff', '\u00ad', '\u{e0041}', '\u3164']

describe('cli/znode/output', () => {
  function streams(isTTY: boolean) {
    const written: string[] = []
    const stream = {
      isTTY,
      columns: 40,
      write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean {
        written.push(String(chunk))
        done?.()
        return true
      },
    }
    return { written, stream }
  }

  it('what a terminal would obey is written as an escape, on one line', () => {
    const shown = printable(EVIL)
    expect(shown).to.equal('a\\u{1b}]0;x\\u{7}\\u{9b}2J\\nb\\u{202e}c\\u{200b}\\u{d800}\\u{2028}')
    expect(printableText('a\tb\nc\rd')).to.equal('a\tb\nc\\rd')
    expect(printable('ж漢👩‍👩‍👧é❤️')).to.equal('ж漢👩‍👩‍👧é❤️')
    for (const one of UNSEEN) expect(printable(one)).to.match(/^\\u\{[0-9a-f]+\}$/)
  })

  it('JSON is exact, and has none of it either', async () => {
    const { written, stream } = streams(true)
    const output = new Output({ stdout: stream, isJson: true, env: {} })
    const name = EVIL + UNSEEN.join('')
    await output.json({ name, id: -1n })
    const text = written.join('')
    expect(text).to.match(/^[ -~]+\n$/)
    expect(JSON.parse(text)).to.deep.equal({ name, id: '0xffffffffffffffff' })
  })

  it('sentences on stderr are harmless, too', () => {
    const { written, stream } = streams(true)
    new Output({ stdout: stream, stderr: stream }).say(`error: no such znode: /${EVIL}`)
    expect(written.join('')).to.equal(`error: no such znode: /${printable(EVIL)}\n`)
  })

  it('colours: on a terminal, unless NO_COLOR or TERM say otherwise', () => {
    const isColoured = (isTTY: boolean, env: NodeJS.ProcessEnv): boolean =>
      new Output({ stdout: streams(isTTY).stream, env }).colour('x', 'red') !== 'x'
    expect(isColoured(true, { TERM: 'xterm' })).to.equal(true)
    expect(isColoured(true, { NO_COLOR: '' })).to.equal(true)
    expect(isColoured(true, { NO_COLOR: '1' })).to.equal(false)
    expect(isColoured(true, { TERM: 'dumb' })).to.equal(false)
    expect(isColoured(false, {})).to.equal(false)
  })

  it('a reader that does not read: a signal ends the wait, and nothing more is written', async () => {
    const stuck = { write: () => false }
    const interrupt = new AbortController()
    const output = new Output({ stdout: stuck, signal: interrupt.signal })
    const writing = output.bytes(Buffer.from('x'))
    interrupt.abort(new Error('interrupted'))
    const why = (run: Promise<void>) => run.catch(({ message }: Error) => message)
    expect(await why(writing)).to.equal('interrupted')
    const { written, stream } = streams(false)
    const after = new Output({ stdout: stream, signal: interrupt.signal })
    await after.line('x')
    expect(await why(after.flush())).to.equal('interrupted')
    expect(written).to.deep.equal([])
  })

  it('many lines give others a turn, though the stream takes each of them immediately', async () => {
    const { stream } = streams(true)
    const output = new Output({ stdout: stream })
    let turns = 0
    const timer = setImmediate(() => turns++)
    for (const endMs = performance.now() + 200; performance.now() < endMs && turns === 0; ) {
      await output.line('x')
    }
    clearImmediate(timer)
    expect(turns).to.equal(1)
  })

  it('columns as wide as the terminal, also of wide characters; one a line where they do not fit', () => {
    expect(columnsOf(['a', 'bb', '漢字', 'd', 'e'], 11)).to.deep.equal([
      'a     d',
      'bb    e',
      '漢字',
    ])
    expect(columnsOf(['x'.repeat(50), 'y'], 40)).to.deep.equal(['x'.repeat(50), 'y'])
    expect(columnsOf([], 40)).to.deep.equal([])
    expect(widthOf('e\u0301漢')).to.equal(3)
    expect(padded('漢', 4)).to.equal('漢  ')
    const table = tableOf([{ title: 'N', side: 'right' }, { title: 'P' }], [['1,000', '/a']])
    expect(table).to.deep.equal(['    N  P', '1,000  /a'])
    expect([shownBytes(1), shownBytes(1536), shownCount(1_234_567)]).to.deep.equal([
      '1 byte',
      '1.5 KiB',
      '1,234,567',
    ])
  })

  it('data: text, a hex dump with a bound, base64', () => {
    expect(shownData(Buffer.from('a\u001b[31m\n'))).to.deep.equal(['a\\u{1b}[31m\n'])
    expect(shownData(Buffer.from([0xc3, 0x28])).join()).to.match(/^00000000 {2}c3 28 +\.\($/)
    const dump = shownData(Buffer.alloc(1_000_000))
    expect(dump).to.have.length(257)
    expect(dump.at(-1)).to.equal('… 995904 more bytes: write them to a file or a pipe')
    expect(hexDump(Buffer.alloc(17))).to.have.length(2)
    expect(dataJson(null)).to.deep.equal({ data: null })
    expect(dataJson(Buffer.from([0xff]))).to.deep.equal({ encoding: 'base64', data: '/w==' })
  })

  it('base64 is taken with padding or without, and nothing that would lose bits', () => {
    for (const text of ['/wA=', '/wA'])
      expect(fromBase64(text)).to.deep.equal(Buffer.from([255, 0]))
    expect(fromBase64('')).to.have.length(0)
    for (const text of ['A', 'QQ=', 'QR==', '_wA=', 'QQ==QQ==', '/w A=', 'é']) {
      expect(fromBase64(text), text).to.equal(undefined)
    }
  })

  it('ACLs: read as they are written, also ids with commas and colons', () => {
    for (const text of ['world:anyone:cdrwa', 'auth::r', 'ip:::1:rw', 'sasl:CN=a,O=b:c']) {
      expect(parseAcl(text).map(aclText).join()).to.equal(text)
    }
    const several = 'x509:CN=a,O=b:r,digest:u:h/+=:cdrwa,ip:10.0.0.0/8:'
    expect(parseAcl(several)).to.have.length(3)
    expect(parseAcl(several).map(aclText).join()).to.equal(several)
    for (const wrong of ['', 'world', 'world:anyone', 'world:anyone:x', 'world:anyone:r,']) {
      expect(() => parseAcl(wrong), wrong).to.throw(/is no entry of an ACL/)
    }
  })
})
