/** Lines to places that take nothing, little, or nothing any more. */
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { LineWriter, systemClock } from '../../../../lib/internal.ts'
import { eventually } from '../../../support/eventually.ts'
import { removeFolder, temporaryFolder } from '../../../support/temp-folder.ts'

describe('lib/base/line-writer', () => {
  let folder: string
  const descriptors: number[] = []
  beforeEach(() => {
    folder = temporaryFolder('line-writer')
  })
  afterEach(() => {
    for (const fd of descriptors.splice(0)) closeSync(fd)
    removeFolder(folder)
  })

  /** Both ends of a pipe, which wait for nothing; the writer owns the second one. */
  function pipe(): [reader: number, writer: number] {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return [reader, openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)]
  }
  function writerOf(fd: number, bufferBytesMax = 1_000_000) {
    const seen = { dropped: 0, failed: [] as (string | undefined)[], wrote: 0 }
    const writer = new LineWriter({
      ...{ fd, bufferBytesMax, clock: systemClock },
      events: {
        failed: (error: NodeJS.ErrnoException) => seen.failed.push(error.code),
        wrote: () => seen.wrote++,
        dropped: (lines) => {
          seen.dropped += lines
        },
      },
    })
    return { writer, seen }
  }
  const lineOf = (i: number) => `${i} ${'x'.repeat(300)}\n`
  function readSome(fd: number): string {
    const bytes = Buffer.alloc(100_000)
    try {
      return bytes.toString('latin1', 0, readSync(fd, bytes))
    } catch {
      return ''
    }
  }

  it('a reader that stops costs nothing up to the bound, and lines of others come between no line', async () => {
    const [reader, fd] = pipe()
    descriptors.push(reader)
    const other = openSync(join(folder, 'pipe'), constants.O_WRONLY | constants.O_NONBLOCK)
    descriptors.push(other)
    writeSync(other, 'other\n')
    const { writer, seen } = writerOf(fd)
    for (let i = 0; i < 400; i++) writer.write(lineOf(i))
    let text = ''
    const closed = writer.close(10_000)
    await eventually('all lines', () => {
      text += readSome(reader)
      // The pipe has room, and the writer has not looked yet.
      writeSync(other, 'other\n')
      return text.includes('\n399 ')
    })
    await closed
    const own = text.split('\n').filter((line) => line !== 'other' && line !== '')
    expect(own).to.deep.equal(Array.from({ length: 400 }, (_, i) => lineOf(i).trim()))
    expect(seen).to.deep.include({ dropped: 0, failed: [] })
  })

  it('lines that nobody is going to read are counted immediately, and those of a new reader are written', async () => {
    const [reader, fd] = pipe()
    closeSync(reader)
    const { writer, seen } = writerOf(fd)
    for (let i = 0; i < 10; i++) writer.write(lineOf(i))
    await eventually('all of them', () => seen.dropped === 10)
    expect(seen.failed).to.include('EPIPE')
    const again = openSync(join(folder, 'pipe'), constants.O_RDONLY | constants.O_NONBLOCK)
    descriptors.push(again)
    writer.write(lineOf(10))
    await writer.close(10_000)
    expect(readSome(again)).to.equal(lineOf(10))
    expect(seen.dropped).to.equal(10)
  })

  it('what a full place did not take is written elsewhere, whole lines', async () => {
    const path = join(folder, 'lines')
    const { writer, seen } = writerOf(openSync('/dev/full', 'a'))
    for (let i = 0; i < 3; i++) writer.write(lineOf(i))
    await eventually('a failure', () => seen.failed.includes('ENOSPC'))
    writer.moveTo(openSync(path, 'a'))
    await writer.close(10_000)
    expect(readFileSync(path, 'utf8')).to.equal([0, 1, 2].map(lineOf).join(''))
    expect(seen.dropped).to.equal(0)
  })

  it('a line that one place took in part is whole in the next one', async () => {
    const [reader, fd] = pipe()
    descriptors.push(reader)
    const path = join(folder, 'lines')
    const { writer, seen } = writerOf(fd)
    const long = `${'x'.repeat(200_000)}\n`
    writer.write(long)
    writer.write('behind\n')
    await eventually('a part', () => seen.wrote > 0)
    writer.moveTo(openSync(path, 'a'))
    await writer.close(10_000)
    expect(readFileSync(path, 'utf8')).to.equal(`${long}behind\n`)
  })

  it('the end of the process writes pending lines, and waits for no reader that stopped', () => {
    const [reader, fd] = pipe()
    descriptors.push(reader)
    const { writer } = writerOf(fd)
    writer.hold()
    for (let i = 0; i < 5; i++) writer.write(lineOf(i))
    writer.writeLast()
    expect(readSome(reader)).to.equal([0, 1, 2, 3, 4].map(lineOf).join(''))
    const full = writerOf(fd).writer
    full.hold()
    for (let i = 0; i < 500; i++) full.write(lineOf(i))
    full.writeLast()
    const text = readSome(reader)
    expect(text.startsWith(lineOf(0))).to.equal(true)
    expect(text).to.not.include('\n499 ')
    closeSync(fd)
  })
})
