/** etcd's StatusResponse, as far as its space is concerned. Source: etcd's rpc.proto. Neighbour: space.ts. */
import { ProtoReader } from './protobuf.ts'

export interface MemberStatus {
  readonly memberId: bigint
  /** 0n: it knows of none. */
  readonly leaderId: bigint
  readonly revision: number
  /** Of the file, free pages included: what the quota is compared with. Unit: bytes. */
  readonly dbSize: number
  /** Before 3.4: 0. */
  readonly dbSizeInUse: number
  /** Before 3.6: 0, unknown. */
  readonly dbSizeQuota: number
  /** The NOSPACE alarm is raised: until it is disarmed, puts are refused. */
  readonly isFull: boolean
}

/* StatusResponse => header=1 version=2 dbSize=3 leader=4 … errors=8* dbSizeInUse=9 … dbSizeQuota=12 */
export function decodeStatus(bytes: Buffer): MemberStatus {
  const input = new ProtoReader(bytes)
  const status = {
    memberId: 0n,
    leaderId: 0n,
    revision: 0,
    dbSize: 0,
    dbSizeInUse: 0,
    dbSizeQuota: 0,
    isFull: false,
  }
  while (input.at < input.end) {
    const tag = input.varint()
    if (tag === 0x0a) Object.assign(status, readMember(input.inner()))
    else if (tag === 0x18) status.dbSize = input.varint()
    else if (tag === 0x20) status.leaderId = input.bigVarint()
    else if (tag === 0x42) status.isFull ||= input.bytes().toString().includes('NOSPACE')
    else if (tag === 0x48) status.dbSizeInUse = input.varint()
    else if (tag === 0x60) status.dbSizeQuota = input.varint()
    else input.skip(tag)
  }
  return status
}

/* ResponseHeader => cluster_id=1 member_id=2 revision=3 raft_term=4 */
function readMember(header: ProtoReader): { memberId: bigint; revision: number } {
  const read = { memberId: 0n, revision: 0 }
  while (header.at < header.end) {
    const tag = header.varint()
    if (tag === 0x10) read.memberId = header.bigVarint()
    else if (tag === 0x18) read.revision = header.varint()
    else header.skip(tag)
  }
  return read
}
