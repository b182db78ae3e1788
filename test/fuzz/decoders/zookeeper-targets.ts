/** Bytes of Apache ZooKeeper’s files and servers, as targets of the decoders’ fuzzer. Neighbour: targets. */
import { deepStrictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { checkTree } from '../../../lib/index.ts'
import { SourceError } from '../../../lib/migrate/source-error.ts'
import { CopyError, WireError } from '../../../lib/model/errors.ts'
import { JuteWriter } from '../../../lib/protocol/jute/writer.ts'
import { Adler32 } from '../../../lib/transfer/zookeeper/adler32.ts'
import { ByteSource } from '../../../lib/transfer/zookeeper/byte-source.ts'
import { readLog, readLogHeader } from '../../../lib/transfer/zookeeper/log-decoder.ts'
import {
  readQuorumPacket,
  writeQuorumPacket,
} from '../../../lib/transfer/zookeeper/quorum-packet.ts'
import { readZookeeper } from '../../../lib/transfer/zookeeper/restore.ts'
import { decodeTxn } from '../../../lib/transfer/zookeeper/txn.ts'
import { learn } from '../../unit/lib/migrate/leader-bytes.ts'
import type { Target } from './target.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`../../copy/fixtures/zookeeper/${name}`, import.meta.url))

const LOG = fixture('3.8.0/log.100000001')
const SNAPSHOTS = [
  fixture('3.4.14/snapshot.17'),
  gunzipSync(fixture('3.9.5/snapshot.100000013.gz')),
]
const SEAL_BYTES = 13

/** The transactions of a log, without their frames. */
function txnsIn(log: Buffer): Buffer[] {
  const txns: Buffer[] = []
  for (let at = 16; at + 12 < log.length; ) {
    const length = log.readInt32BE(at + 8)
    if (length === 0) break
    txns.push(log.subarray(at + 12, at + 12 + length))
    at += 12 + length + 1
  }
  return txns
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** However the bytes come in, the same comes out. */
async function alike<T>(bytes: Buffer, read: (source: ByteSource) => Promise<T>): Promise<void> {
  const [whole, cut] = await Promise.all(
    [bytes.length + 1, 97].map((size) => outcome(read(new ByteSource(pieces(bytes, size))))),
  )
  deepStrictEqual(cut, whole)
  if (whole instanceof Error) throw whole
}

async function outcome<T>(promise: Promise<T>): Promise<T | Error> {
  try {
    return await promise
  } catch (error) {
    return error as Error
  }
}

async function packetsOf(source: ByteSource): Promise<unknown[]> {
  const packets: unknown[] = []
  while ((await source.have(1)) > 0) packets.push(await readQuorumPacket(source))
  return packets
}

async function logged(source: ByteSource): Promise<unknown[]> {
  const found: unknown[] = [await readLogHeader(source)]
  for await (const { txn } of readLog(source)) found.push(txn)
  return found
}

const packet = (type: number, data: Uint8Array | null): Buffer => {
  const writer = new JuteWriter()
  const authinfo = [{ scheme: 'ip', id: '127.0.0.1' }]
  writeQuorumPacket(writer, { type: type as 1, zxid: 5n, data, authinfo })
  writeQuorumPacket(writer, { type: 5, zxid: -1n, data: null, authinfo: null })
  return writer.take() as Buffer
}

/** With a seal that is right. */
function sealed(body: Buffer): Buffer {
  const seal = Buffer.alloc(SEAL_BYTES)
  seal.writeBigInt64BE(BigInt(new Adler32().update(body).value))
  seal.writeInt32BE(1, 8)
  seal.write('/', 12)
  return Buffer.concat([body, seal])
}

/** Of 3.4, or the first part of a later one. */
const bodyOf = (snapshot: Buffer) => {
  const end = snapshot.indexOf(Buffer.from([0, 0, 0, 1, 47]), 40)
  return snapshot.subarray(0, end + 5)
}

export const zookeeperTargets: readonly Target[] = [
  {
    name: 'ZooKeeper: transactions',
    seeds: txnsIn(LOG).slice(0, 60),
    throws: [WireError],
    run: (bytes) => void decodeTxn(bytes),
  },
  {
    name: 'ZooKeeper: logs',
    seeds: [LOG.subarray(0, 600), LOG.subarray(0, 1_200)],
    throws: [WireError],
    run: (bytes) => alike(bytes, logged),
  },
  {
    name: 'ZooKeeper: packets',
    seeds: [packet(8, txnsIn(LOG)[0]!), packet(10, null)],
    throws: [WireError],
    run: (bytes) => alike(bytes, packetsOf),
  },
  {
    name: 'ZooKeeper: what a leader sends to an observer',
    seeds: [fixture('3.9.5/learner.bin').subarray(0, 2_000)],
    throws: [WireError, SourceError],
    async run(bytes) {
      const [{ events, error }, cut] = await Promise.all([learn(bytes), learn(bytes, { size: 97 })])
      deepStrictEqual(cut.events, events)
      throw error
    },
  },
  {
    name: 'ZooKeeper: folders',
    seeds: SNAPSHOTS.map(bodyOf),
    throws: [CopyError],
    async run(bytes) {
      const file = sealed(bytes)
      const list = async () => ['snapshot.ffffffff']
      const snapshots = { name: 'folder', list, open: () => [file] }
      const { tree } = await readZookeeper({ snapshots, logs: undefined })
      // What is taken can be imported.
      await checkTree({
        *[Symbol.iterator]() {
          for (const line of tree) yield Buffer.from(line)
        },
      })
    },
  },
]
