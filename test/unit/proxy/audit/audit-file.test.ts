/** The audit log's file: appended, reopened, and full. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { systemClock } from '../../../../lib/index.ts'
import { AuditFile } from '../../../../proxy/index.ts'
import { eventually } from '../../../support/eventually.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'
import { collectingLogger } from '../../../support/wire-bench.ts'

describe('proxy/audit/audit-file', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = temporaryFolder('audit-file')
    file = join(folder, 'audit.log')
  })
  afterEach(() => removeFolder(folder))

  it('appends to what is there, and makes a file for its owner alone', async () => {
    const fresh = AuditFile.open({ file })
    fresh.write('one\n')
    await fresh.close()
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    const again = AuditFile.open({ file })
    again.write('two\n')
    await again.close()
    again.write('behind the end\n')
    expect(readFileSync(file, 'utf8')).to.equal('one\ntwo\n')
    expect(again.counters).to.deep.equal({ lines: 1, dropped: 0 })
  })

  it('continues in a new file when the old one was moved away; no line is lost', async () => {
    const audit = AuditFile.open({ file })
    const moved = join(folder, 'audit.log.1')
    for (let i = 0; i < 5_000; i++) audit.write(`before ${i}\n`)
    renameSync(file, moved)
    audit.reopen()
    for (let i = 0; i < 5_000; i++) audit.write(`behind ${i}\n`)
    await eventually('the new file', () => existsSync(file))
    await audit.close()
    const text = readFileSync(moved, 'utf8') + readFileSync(file, 'utf8')
    const expected = ['before', 'behind'].flatMap((word) =>
      Array.from({ length: 5_000 }, (_, i) => `${word} ${i}\n`),
    )
    expect(text).to.equal(expected.join(''))
    expect(readFileSync(file, 'utf8')).to.match(/behind 4999\n$/)
  })

  it('a disk that is full costs lines, which are counted and reported once', async () => {
    const { logger, entries } = collectingLogger()
    const bufferBytesMax = 1_000
    let retries = 0
    const after = (_ms: number, run: () => void) => {
      retries++
      const timer = setImmediate(run)
      return () => clearImmediate(timer)
    }
    const clock = { ...systemClock, after }
    const audit = AuditFile.open({ file: '/dev/full', bufferBytesMax, logger, clock })
    await eventually('lines that are dropped', () => {
      for (let i = 0; i < 100; i++) audit.write(`${'x'.repeat(50)}\n`)
      return audit.counters.dropped > 500 && retries > 20
    })
    expect(entries.map(({ level, message }) => `${level}: ${message}`).sort()).to.deep.equal([
      'error: the audit log cannot be written, trying again',
      'error: the audit log is written too slowly or not at all: lines are dropped, requests are served',
    ])
    const waiting = audit.counters.lines * 51
    expect(waiting).to.be.above(0)
    expect(waiting).to.be.at.most(bufferBytesMax)
    await audit.close()
  })

  const shown = (entries: readonly { level: string; message: string }[]) =>
    entries.map(({ level, message }) => `${level}: ${message}`)

  for (const [what, put] of [
    ['a folder', (place: string) => mkdirSync(place)],
    ['a FIFO that nobody reads', (place: string) => execFileSync('mkfifo', [place])],
    [
      'a link into a folder that is not there',
      (place: string) => symlinkSync('none/audit.log', place),
    ],
  ] as const) {
    it(`is not opened again where ${what} is now: the file before is written, and the log says it`, async () => {
      const { logger, entries } = collectingLogger()
      const audit = AuditFile.open({ file, logger })
      renameSync(file, join(folder, 'moved'))
      put(file)
      audit.reopen()
      audit.write('behind\n')
      await audit.close()
      expect(shown(entries)).to.deep.equal([
        'error: the audit log was not opened again, the file before is written',
      ])
      expect(readFileSync(join(folder, 'moved'), 'utf8')).to.equal('behind\n')
      expect(audit.counters).to.deep.equal({ lines: 1, dropped: 0 })
    })
  }

  it('a FIFO with a reader is no file either, and gets no line', async () => {
    const { logger, entries } = collectingLogger()
    const audit = AuditFile.open({ file, logger })
    renameSync(file, join(folder, 'moved'))
    execFileSync('mkfifo', [file])
    const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    audit.reopen()
    audit.write('behind\n')
    await audit.close()
    closeSync(reader)
    expect(entries[0]?.fields).to.deep.include({ reason: 'it is not a file' })
    expect(readFileSync(join(folder, 'moved'), 'utf8')).to.equal('behind\n')
  })

  it('a file that was removed is made again, and the log says it', async () => {
    const { logger, entries } = collectingLogger()
    let nowMs = 0
    // Each look is due.
    const clock = { ...systemClock, monotonic: () => (nowMs += 2_000) }
    const audit = AuditFile.open({ file, logger, clock })
    audit.write('lost with it\n')
    await eventually('the line', () => readFileSync(file, 'utf8') !== '')
    unlinkSync(file)
    await eventually('a new file', () => {
      audit.write('again\n')
      return existsSync(file)
    })
    audit.write('last\n')
    await audit.close()
    expect(shown(entries)).to.deep.equal(['warn: the audit log was removed: it is made again'])
    expect(readFileSync(file, 'utf8')).to.match(/^(again\n)*last\n$/)
  })

  it('lines that cannot be written at the end are counted, and said', async () => {
    const { logger, entries } = collectingLogger()
    const audit = AuditFile.open({ file: '/dev/full', logger })
    for (let i = 0; i < 5; i++) audit.write('x\n')
    await audit.close(1)
    expect(audit.counters).to.deep.equal({ lines: 0, dropped: 5 })
    expect(shown(entries).at(-1)).to.match(/lines are dropped/)
  })

  it('is refused with a sentence where it cannot be written', () => {
    mkdirSync(join(folder, 'sub'))
    for (const [place, reason] of [
      [join(folder, 'sub'), /it is not a file\): name a file/],
      [join(folder, 'none', 'audit.log'), /ENOENT.*: name a file in a folder that exists/],
    ] as const) {
      expect(() => AuditFile.open({ file: place })).to.throw(reason)
    }
    appendFileSync(file, 'kept\n')
    expect(() => AuditFile.open({ file: join(file, 'x') })).to.throw(/ENOTDIR/)
    expect(readFileSync(file, 'utf8')).to.equal('kept\n')
  })
})
