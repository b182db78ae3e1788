/** Which sessions own ephemerals. Neighbours: sessions, ../doctor. */

/** Of a container. Source: EphemeralType.CONTAINER. */
const CONTAINER = 0x8000000000000000n
/** In the first byte of what a TTL znode has. Source: EphemeralType.TTL. */
const TTL_BYTE = 0xffn

/** Is it the id of a session? A container and a TTL znode have a value of their own there. */
export function isSession(ephemeralOwner: bigint): boolean {
  const id = BigInt.asUintN(64, ephemeralOwner)
  return id !== 0n && id !== CONTAINER && id >> 56n !== TTL_BYTE
}
