/** create and its three kin: create2, createContainer, createTTL. */

import { type CreateRequest, OP, type Result, type Stat } from '../../model/request.ts'
import type { JuteReader } from '../jute/reader.ts'
import type { JuteWriter } from '../jute/writer.ts'
import { readAcl, writeAcl } from './acl.ts'
import type { Codec, Sent } from './codec.ts'
import { readStat, writeStat } from './stat.ts'
import { decodePathReply, pathNotNull, textOrEmpty } from './text.ts'

export type SentCreateTtl = Sent<CreateRequest>
export type SentCreate = Omit<SentCreateTtl, 'ttlMs'>

/* CreateRequest => path data acl flags
     path  => USTRING
     data  => BUFFER, null stays null
     acl   => VECTOR of ACL, null and empty are INVALIDACL
     flags => INT
   CreateTTLRequest => CreateRequest ttl
     ttl   => LONG, ms
   Top level on ZooKeeper 3.8.0 (observed): create with flag 4 makes a container and answers {path};
   createContainer makes a container whatever the flags, which still give it a sequence number;
   flags 5 and 6 want createTTL and createTTL wants flags 5 or 6: BADARGUMENTS otherwise. */
export function decodeCreate(reader: JuteReader, op: CreateRequest['op']): CreateRequest {
  const path = pathNotNull(reader)
  const data = reader.byteString()
  const acl = readAcl(reader)
  const flags = reader.int()
  const ttlMs = op === OP.createTTL ? reader.long() : 0
  return { type: 'create', op, path, data, acl, flags, ttlMs }
}

export function encodeCreate(writer: JuteWriter, request: SentCreate): void {
  writer.string(request.path)
  writer.byteString(request.data)
  writeAcl(writer, request.acl)
  writer.int(request.flags)
}

export function encodeCreateTtl(writer: JuteWriter, request: SentCreateTtl): void {
  encodeCreate(writer, request)
  writer.long(request.ttlMs)
}

/* CreateResponse  => path, of create
   Create2Response => path stat, of the others */
export function writePathStat(writer: JuteWriter, path: string, stat: Stat): void {
  writer.string(path)
  writeStat(writer, stat)
}

function decodePathStatReply(reader: JuteReader): Result {
  return { type: 'pathStat', path: textOrEmpty(reader), stat: readStat(reader) }
}

export const create = {
  op: OP.create,
  decodeRequest: (reader: JuteReader) => decodeCreate(reader, OP.create),
  encodeRequest: encodeCreate,
  decodeReply: decodePathReply,
} as const satisfies Codec

export const create2 = {
  op: OP.create2,
  decodeRequest: (reader: JuteReader) => decodeCreate(reader, OP.create2),
  encodeRequest: encodeCreate,
  decodeReply: decodePathStatReply,
} as const satisfies Codec

export const createContainer = {
  op: OP.createContainer,
  decodeRequest: (reader: JuteReader) => decodeCreate(reader, OP.createContainer),
  encodeRequest: encodeCreate,
  decodeReply: decodePathStatReply,
} as const satisfies Codec

export const createTtl = {
  op: OP.createTTL,
  decodeRequest: (reader: JuteReader) => decodeCreate(reader, OP.createTTL),
  encodeRequest: encodeCreateTtl,
  decodeReply: decodePathStatReply,
} as const satisfies Codec
