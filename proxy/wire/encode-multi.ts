/**
 * multi and multiRead results (M2, M3, M6): MultiHeader{type, false, err} + record per operation,
 * then MultiHeader{−1, true, −1}. A failed operation is type −1 with an ErrorResponse{int err}.
 */
import { type MultiResult, OP } from '../../lib/index.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { writeStat, writeStrings } from './encode-reply.ts'

function multiHeader(w: JuteWriter, type: number, done: boolean, err: number): void {
  w.int(type)
  w.boolean(done)
  w.int(err)
}

export function encodeMultiResults(w: JuteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    switch (result.type) {
      case 'create':
        multiHeader(w, OP.create, false, 0)
        w.string(result.path)
        break
      case 'create2':
        multiHeader(w, OP.create2, false, 0)
        w.string(result.path)
        writeStat(w, result.stat)
        break
      case 'setData':
        multiHeader(w, OP.setData, false, 0)
        writeStat(w, result.stat)
        break
      case 'delete':
        multiHeader(w, OP.delete, false, 0)
        break
      case 'check':
        multiHeader(w, OP.check, false, 0)
        break
      case 'getData':
        multiHeader(w, OP.getData, false, 0)
        w.buffer(result.data)
        writeStat(w, result.stat)
        break
      case 'getChildren':
        multiHeader(w, OP.getChildren, false, 0)
        writeStrings(w, result.children)
        break
      case 'error':
        multiHeader(w, OP.error, false, result.errno)
        w.int(result.errno)
    }
  }
  multiHeader(w, -1, true, -1)
}
