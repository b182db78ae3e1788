/** The change feed's records on the wire, as a target of the decoders' fuzzer. Neighbour: targets. */
import { WireError } from '../../../lib/model/errors.ts'
import { frameOf } from '../../../lib/protocol/frame.ts'
import { JuteReader } from '../../../lib/protocol/jute/reader.ts'
import {
  type ChangesPage,
  readChangesPage,
  readChangesRequest,
  writeChangesPage,
  writeChangesRequest,
} from '../../../lib/protocol/record/changes.ts'
import { again, isWritable, type Target } from './target.ts'

const CHANGES_REQUEST = Buffer.concat([
  Buffer.of(0),
  frameOf((writer) =>
    writeChangesRequest(writer, {
      ...{ begins: true, from: '1.1.end.-', prefix: '/', bytesMax: 9, waitMs: 9 },
      ...{ withoutData: false, withSessions: true },
    }),
  ),
])
const CHANGES_PAGE = Buffer.concat([
  Buffer.of(1),
  frameOf((writer) =>
    writeChangesPage(
      writer,
      {
        records: [
          { kind: 'live', zxid: 4, position: 'p' },
          {
            ...{ kind: 'change', zxid: 5, time: 6, session: 7n, cxid: 8, position: 'q' },
            ops: [
              { op: 'setData', path: '/a', data: Buffer.from('x'), dataLength: 1, version: 1 },
              { op: 'setACL', path: '/a', acl: [], aversion: 1 },
              { op: 'closeSession', id: 7n },
            ],
          },
        ],
        end: { code: 'CHANGES_GONE', message: 'm', position: 'q', oldestZxid: 3 },
      },
      false,
    ),
  ),
])

export const changesTarget: Target = {
  name: 'change feed',
  // A byte before says which of the two it is.
  seeds: [CHANGES_REQUEST, CHANGES_PAGE],
  throws: [WireError],
  run(bytes) {
    const read = (buffer: Buffer) => readChangesPage(JuteReader.of(buffer))
    const body = bytes.subarray(1)
    if (bytes[0] === 0) return void readChangesRequest(JuteReader.of(body))
    const page = read(body)
    const write = (value: ChangesPage) =>
      frameOf((writer) => writeChangesPage(writer, value, body[0] === 0))
    // Numbers beyond what is ever written come out rounded.
    if (isWritable(page)) again(page, write, read)
  },
}
