/**
 * The password that ZooKeeper gives a session is computed from its id alone: the first 16 bytes that Java’s generator
 * draws with the id and a constant as its seed. It is the same in all releases.
 * Source: ZooKeeperServer.generatePasswd, java.util.Random.
 */
import { PASSWORD_BYTES, passwordDigest } from './password.ts'

const SECRET = 0xb3415c00n
const MULTIPLIER = 0x5deece66dn
const INCREMENT = 0xbn
const MASK = (1n << 48n) - 1n

/** 16 bytes. */
export function zookeeperPassword(id: bigint): Buffer {
  const bytes = Buffer.alloc(PASSWORD_BYTES)
  let state = (id ^ SECRET ^ MULTIPLIER) & MASK
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    state = (state * MULTIPLIER + INCREMENT) & MASK
    // nextInt() gives the upper 32 bits, and nextBytes() takes its bytes from the lowest on.
    bytes.writeUInt32LE(Number(state >> 16n), at)
  }
  return bytes
}

/** As a store keeps it. */
export function zookeeperPasswordDigest(id: bigint): string {
  return passwordDigest(zookeeperPassword(id))
}
