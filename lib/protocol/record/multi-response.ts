/** The results of multi and multiRead. */

import { WireError } from '../../model/errors.ts'
import { type MultiResult, OP, type Result } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { writePathStat } from './create.ts'
import { writeDataStat } from './get-data.ts'
import { writeMultiEnd, writeMultiHeader } from './multi-header.ts'
import { readStat, writeStat } from './stat.ts'
import { readStrings, writeChildren } from './strings.ts'
import { textOrEmpty } from './text.ts'

const NO_ERROR = 0

const MULTI_TYPE = {
  create: 1,
  delete: 2,
  getData: 4,
  setData: 5,
  getChildren: 8,
  check: 13,
  create2: 15,
  error: -1,
} as const satisfies Record<MultiResult['type'], number>

/* MultiResponse => (MultiHeader result)* MultiHeader{−1, true, −1}
     result => by type: 1 path; 15 path stat; 5 stat; 2 and 13 nothing; 4 data stat; 8 children;
               −1 ErrorResponse{err}, where the header's err is the same number
   A failed multi is still a reply with err 0: every result is of type −1. The operations before the
   failed one carry 0, it carries its error, those behind it −2. */
export function writeMultiResults(writer: JuteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    const errno = result.type === 'error' ? result.errno : NO_ERROR
    writeMultiHeader(writer, MULTI_TYPE[result.type], errno)
    writeMultiResult(writer, result)
  }
  writeMultiEnd(writer)
}

function writeMultiResult(writer: JuteWriter, result: MultiResult): void {
  switch (result.type) {
    case 'create':
      writer.string(result.path)
      break
    case 'create2':
      writePathStat(writer, result.path, result.stat)
      break
    case 'setData':
      writeStat(writer, result.stat)
      break
    case 'getData':
      writeDataStat(writer, result.data, result.stat)
      break
    case 'getChildren':
      writeChildren(writer, result.children)
      break
    case 'error':
      writer.int(result.errno)
      break
    case 'delete':
    case 'check':
      break
    default:
      result satisfies never
  }
}

export function decodeMultiReply(reader: JuteReader): Result {
  const results: MultiResult[] = []
  for (;;) {
    const type = reader.int()
    const done = reader.bool()
    const errno = reader.int()
    if (done) return { type: 'multi', results }
    const result = readMultiResult(reader, type)
    if (errno !== (result.type === 'error' ? result.errno : NO_ERROR)) {
      throw new WireError(`result of type ${type} in a multi with error ${errno} in its header`)
    }
    results.push(result)
  }
}

function readMultiResult(reader: JuteReader, type: number): MultiResult {
  switch (type) {
    case OP.create:
      return { type: 'create', path: textOrEmpty(reader) }
    case OP.create2:
      return { type: 'create2', path: textOrEmpty(reader), stat: readStat(reader) }
    case OP.setData:
      return { type: 'setData', stat: readStat(reader) }
    case OP.delete:
      return { type: 'delete' }
    case OP.check:
      return { type: 'check' }
    case OP.getData:
      return { type: 'getData', data: reader.byteString(), stat: readStat(reader) }
    case OP.getChildren:
      return { type: 'getChildren', children: readStrings(reader) }
    case OP.error:
      return { type: 'error', errno: reader.int() }
    default:
      throw new WireError(`result of type ${type} in a multi`)
  }
}
