/** Files that are damaged, cut short, foreign, or not all there: an error with a sentence, or the same tree. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { CopyError } from '../../../../../lib/index.ts'
import {
  captured,
  changed,
  type Files,
  failure,
  folderOf,
  header,
  logsOf,
  restore,
  sealed,
  snapshotsOf,
  textOf,
  without,
} from './folders.ts'

const VERSION = '3.8.0'
/** Zeroes behind the last record of a captured log. */
const PADDING = 32
/** One bit is another one. */
const flip = (at: number, bit: number) => (bytes: Buffer) => {
  bytes[at]! ^= 1 << bit
  return bytes
}

describe('transfer/zookeeper: damage', function () {
  this.timeout(60_000)
  const files = captured(VERSION)
  const [first, ...later] = snapshotsOf(files)
  const newest = later.at(-1)!
  const lastLog = logsOf(files).at(-1)!
  let whole: string

  before(async () => {
    whole = textOf(await restore(files))
  })

  it('a bit of a snapshot: the one before it is taken, and said so', async () => {
    const bytes = files.get(newest)!
    for (let at = 0; at < bytes.length; at += at < 64 || at > bytes.length - 64 ? 1 : 31) {
      const { tree, notes } = await restore(changed(files, newest, flip(at, at % 8)))
      const text = [...tree].join('')
      // Of the dbid nobody cares.
      if (notes.length === 0) expect(at).to.be.within(8, 15)
      else expect(notes.join(), `${at}`).to.match(new RegExp(`^${newest}: at byte .*before it is`))
      expect(withoutStats(text), `${at}`).to.equal(withoutStats(whole))
    }
  })

  it('a snapshot that was cut: the one before it is taken; of the only one: an error', async () => {
    const bytes = files.get(newest)!
    const only = without(files, first!, ...later.slice(0, -1))
    for (let length = 0; length < bytes.length; length += bytes.length - length < 80 ? 1 : 31) {
      const cut = (all: Buffer) => all.subarray(0, length)
      const { snapshot, notes, tree } = await restore(changed(files, newest, cut))
      if (snapshot === `folder/${newest}`) {
        // Without what newer releases write behind the first seal, it is one of 3.4.
        expect(notes).to.deep.equal([])
      } else {
        expect(notes).to.have.length(1)
        const error = await failure(restore(changed(only, newest, cut)))
        expect(error).to.be.instanceOf(CopyError)
        expect(error.message).to.match(/^the only snapshot in folder cannot be used: .*at byte/)
      }
      expect(withoutStats([...tree].join(''))).to.equal(withoutStats(whole))
    }
  })

  it('a bit of any byte of a log: an error with its place', async () => {
    const bytes = files.get(lastLog)!
    for (let at = 0; at < bytes.length; at++) {
      const folder = changed(files, lastLog, flip(at, at % 8))
      const found = await restore(folder).catch((error: Error) => error)
      if (found instanceof Error) {
        expect(found, `${at}`).to.be.instanceOf(CopyError)
        expect(found.message, `${at}`).to.match(
          /folder\/log\.\w+: (at byte \d+: |its dbid is).*; nothing was imported$/,
        )
      } else {
        // Among the zeroes behind the last record it looks as if another one had been begun.
        expect(at).to.be.above(bytes.length - PADDING - 1)
        expect(found.notes[0]).to.match(/the record at byte \d+ was not written to its end/)
        expect(textOf(found)).to.equal(whole)
      }
    }
  })

  it('a log that was cut anywhere: what is whole is taken, the rest is said', async () => {
    const bytes = files.get(lastLog)!
    const zxids = new Set<number>()
    const { tree } = await restore(files)
    for (let length = 0; length <= bytes.length; length++) {
      const cut = changed(files, lastLog, (all) => all.subarray(0, length))
      const found = await restore(cut).catch((error: Error) => error)
      if (found instanceof Error) {
        // Before what the snapshot shows, or in the log's header.
        expect(found, `${length}`).to.be.instanceOf(CopyError)
        expect(found.message, `${length}`).to.match(/the logs end at|header of a log/)
        continue
      }
      zxids.add(found.tree.header.zxid)
      if (found.notes.length > 0) expect(found.notes[0]).to.match(/was not written to its end/)
      if (length > 0 && length < 16) continue
      // As it is when the file had been made longer by zeroes before.
      const padded = changed(files, lastLog, (all) => all.fill(0, length))
      expect(textOf(await restore(padded)), `${length}`).to.equal(textOf(found))
    }
    expect(Math.max(...zxids)).to.equal(tree.header.zxid)
    expect(zxids.size).to.be.above(3)
  })

  it('a record with zeroes in the place of its end, before others: damage', async () => {
    const [log] = logsOf(files)
    const zeroed = changed(files, log!, (bytes) => {
      const length = bytes.readInt32BE(24)
      return bytes.fill(0, 16, 16 + 12 + length + 1)
    })
    const error = await failure(restore(without(zeroed, ...later)))
    expect(error.message).to.match(/at byte 16: zeroes, .* but something follows/)
  })

  it('a log that is missing: the gap is found', async () => {
    const [, second] = logsOf(files)
    const error = await failure(restore(without(files, second!, ...later)))
    expect(error).to.have.property('code', 'COPY_MALFORMED')
    expect(error.message).to.match(/0x1\w+ follows 0x1\w+: a log is missing between them/)
    const noFirst = without(files, logsOf(files)[0]!, ...later)
    expect((await failure(restore(noFirst))).message).to.match(/follows 0x0: a log is missing/)
  })

  it('a snapshot that shows more than the logs: refused', async () => {
    const error = await failure(restore(without(fuzzyWithoutLogs(files, newest), 'none')))
    expect(error.message).to.match(
      /was written while the tree changed, up to 0x\w+, and the logs end at 0x\w+:.*newest logs are missing/,
    )
  })

  it('only logs, nothing at all, a foreign folder', async () => {
    const noSnapshots = without(files, first!, ...later)
    const alone = await failure(restore(noSnapshots))
    expect(alone).to.have.property('code', 'COPY_NOT_FOUND')
    expect(alone.message).to.match(/has no snapshot: the logs alone do not say/)
    const empty = await failure(restore(new Map()))
    expect(empty).to.have.property('code', 'COPY_NOT_FOUND')
    expect(empty.message).to.match(/has no snapshot: is it the dataDir of a ZooKeeper/)
    const foreign: Files = new Map([['snapshot.5', Buffer.from('{"format":"anykeeper-tree"}')]])
    const error = await failure(restore(foreign))
    expect(error.message).to.match(/at byte 0: .*this is no snapshot of ZooKeeper/)
  })

  it('no logs beside the snapshot: only if that is said to be all', async () => {
    const noLogs = without(files, ...logsOf(files), ...later)
    const error = await failure(restore(noLogs))
    expect(error).to.have.property('code', 'COPY_NOT_FOUND')
    expect(error.message).to.match(
      /no transaction log in folder: name ZooKeeper’s dataLogDir by --log-dir/,
    )
    const { tree } = await restore(noLogs, { logs: undefined })
    expect(tree.header).to.include({ zxid: 0, znodes: 4 })
  })

  it('logs in a folder of their own', async () => {
    const logs = without(files, first!, ...later)
    const snapshots = folderOf(without(files, ...logsOf(files)))
    const restored = await restore(new Map(), { snapshots, logs: folderOf(logs) })
    expect(textOf(restored)).to.equal(whole)
  })

  it('files of other versions, or of two databases', async () => {
    const old = new Map([...files, [newest, header('ZKSN', -1n, 3)]])
    expect((await restore(old)).notes[0]).to.match(/version 3 of snapshots is not known/)
    const oldLog = changed(files, lastLog, (bytes) => {
      bytes.writeInt32BE(1, 4)
      return bytes
    })
    const error = await failure(restore(oldLog))
    expect(error.message).to.match(/header of a log: version 1 of logs is not known/)
    const other = changed(files, lastLog, (bytes) => {
      bytes.writeBigInt64BE(7n, 8)
      return bytes
    })
    const mixed = await failure(restore(without(other, ...later)))
    expect(mixed.message).to.match(/its dbid is 7, and that of log\.\w+ 0: .*two databases/)
  })

  it('gzip is unpacked, its damage is damage, and snappy is refused by name', async () => {
    const packed = gzipSync(files.get(newest)!)
    const zipped = (bytes: Buffer) =>
      new Map([...without(files, newest), [`${newest}.gz`, bytes]]) as Files
    const { snapshot, tree } = await restore(zipped(packed))
    expect(snapshot).to.equal(`folder/${newest}.gz`)
    expect([...tree].join('')).to.equal(whole)
    for (const bad of [
      packed.subarray(0, 500),
      flip(300, 1)(Buffer.from(packed)),
      Buffer.from('x'),
    ]) {
      const { notes } = await restore(zipped(bad))
      expect(notes[0]).to.match(/^snapshot\.\w+\.gz: (not to be unpacked|at byte)/)
    }
    const snappy = new Map([...files, ['snapshot.ffffffffff.snappy', packed]])
    const error = await failure(restore(snappy))
    expect(error).to.have.property('code', 'COPY_UNSUPPORTED')
    expect(error.message).to.match(/packed by snappy.*snapshot\.compression\.method/)
  })

  it('an I/O error is no damage: no other snapshot is taken for it', async () => {
    const folder = folderOf(files)
    const snapshots = {
      ...folder,
      open(name: string) {
        if (name === newest) throw new Error('EACCES: permission denied')
        return folder.open(name)
      },
    }
    const error = await failure(restore(files, { snapshots }))
    expect(error.message).to.equal('EACCES: permission denied')
  })

  it('a tree that is not as its digest says: refused, unless that is accepted', async () => {
    // A sealed snapshot with another byte in the data of one znode.
    const forged = changed(captured('3.9.5'), 'snapshot.100000038.gz', (bytes) => bytes)
    const name = 'snapshot.100000038.gz'
    const plain = gunzipSync(forged.get(name)!)
    const at = plain.indexOf('of /gone')
    plain[at]! ^= 1
    forged.set(name, gzipSync(resealed(plain)))
    const error = await failure(restore(forged))
    expect(error.message).to.match(
      /the tree is not the one of which ZooKeeper has written the digest/,
    )
    const { notes, tree } = await restore(forged, { ignoreDigest: true })
    expect(notes[0]).to.match(/ignored, as was demanded/)
    expect([...tree].join('')).to.match(/"data":"nf \/gone"/)
  })
})

const withoutStats = (text: string): string =>
  text
    .split('\n')
    .filter((line) => !line.includes('zookeeper_stats') && !line.startsWith('{"end"'))
    .join('\n')

/** The newest snapshot, under the name of an older one, and only the logs up to it. */
function fuzzyWithoutLogs(files: Files, newest: string): Files {
  const [log] = logsOf(files)
  return new Map([
    ['snapshot.100000005', files.get(newest)!],
    [log!, files.get(log!)!],
  ])
}

/** With the seals that its bytes have now: the first one, and those behind it. */
function resealed(snapshot: Buffer): Buffer {
  const end = snapshot.length - 33 - 21 - 13
  const parts = [
    snapshot.subarray(0, end),
    snapshot.subarray(end + 13, end + 33),
    snapshot.subarray(end + 46, end + 54),
  ]
  return parts.reduce((before, part) => sealed(Buffer.concat([before, part])), Buffer.alloc(0))
}
