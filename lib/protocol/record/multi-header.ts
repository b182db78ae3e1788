/** What stands before each operation of a multi and before each of its results. */

import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'

/* MultiHeader => type done err
     type => INT; in a request the operation's opcode, in a reply see multi-response; −1 in the last
     done => BOOL, true in the last
     err  => INT; −1 in a request and in the last, else the result's error
   As ZooKeeper 3.8.0 reads it (observed): `done` alone ends the list, whatever type and err say. */
export function writeMultiHeader(writer: JuteWriter, type: number, errno: number): void {
  writer.int(type)
  writer.bool(false)
  writer.int(errno)
}

export function writeMultiEnd(writer: JuteWriter): void {
  writer.int(-1)
  writer.bool(true)
  writer.int(-1)
}

/** No opcode and no error: int32 values are below it. */
export const MULTI_END = 4294967296

/** In a request: the operation's opcode, or MULTI_END. */
export function readMultiType(reader: JuteReader): number {
  const type = reader.int()
  const done = reader.bool()
  reader.int()
  return done ? MULTI_END : type
}
