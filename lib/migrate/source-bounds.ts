/** Every bound of following an ensemble by name, up to where its events wait to be written. Neighbours: source-feed, mirror-bounds. */
import { badArgument } from '../client/arguments.ts'

export interface SourceBounds {
  /**
   * Events that may wait to be written, bytes as estimated: beyond it the feed leaves the ensemble until half of them are
   * taken, so that no leader has to keep anything for us.
   */
  readonly bufferBytesMax: number
  /**
   * What the leader has proposed and not committed while we join, bytes: beyond it the feed leaves. What it has committed is held
   * back until it says that we are up to date: of that, beyond it or beyond bufferBytesMax, the oldest is not.
   */
  readonly proposedBytesMax: number
  /** A packet of the leader, and a znode of its snapshot, bytes: a length beyond it is damage. */
  readonly packetBytesMax: number
  /** The answer to a four-letter word, bytes. */
  readonly answerBytesMax: number
  /** For a TCP connection, with TLS, and for a four-letter word. Unit ms. */
  readonly connectMs: number
  /** Until the leader has accepted us: ZooKeeper’s default of initLimit × tickTime is 20 s. Unit ms. */
  readonly handshakeMs: number
  /** For a session on the source that reads /zookeeper/config. Unit ms. */
  readonly configMs: number
  /** From the acceptance until the ensemble has brought us up to date, as long as something comes. Unit ms. */
  readonly syncMs: number
  /** After that, until a snapshot that was written under load has an equal digest. Unit ms. */
  readonly proveMs: number
  /** The longest silence of a leader, before the rate of its pings is known. Unit ms. */
  readonly silenceMs: number
  /** No silence counts that is shorter, as of a loaded machine. Unit ms. */
  readonly silenceMsMin: number
  /** Pings of a leader that may be missing, once their rate is known: ZooKeeper’s own syncLimit is 5 ticks, that is 10. */
  readonly pingsMissingMax: number
  /** The longest pause between two attempts to follow the source. Unit ms. */
  readonly backoffMsMax: number
  /** Leaders that closed without an answer, one after the other, before that counts as a refusal. */
  readonly unansweredMax: number
  /** Times that all known members are tried in vain, before the addresses that were given are looked at again. */
  readonly roundsMax: number
}

/** Bounds of a feed, unless given. */
export const SOURCE_BOUNDS: SourceBounds = {
  bufferBytesMax: 64 * 1024 * 1024,
  proposedBytesMax: 64 * 1024 * 1024,
  packetBytesMax: 64 * 1024 * 1024,
  answerBytesMax: 64 * 1024 * 1024,
  connectMs: 5_000,
  handshakeMs: 30_000,
  configMs: 10_000,
  syncMs: 600_000,
  proveMs: 30_000,
  silenceMs: 20_000,
  silenceMsMin: 5_000,
  pingsMissingMax: 20,
  backoffMsMax: 5_000,
  unansweredMax: 5,
  roundsMax: 5,
}

const NAMES = Object.keys(SOURCE_BOUNDS) as (keyof SourceBounds)[]

/** Those of a feed. @throws {ZnodeError} ZK_BAD_ARGUMENTS: one that is not a positive integer */
export function sourceBounds(given: { readonly [K in keyof SourceBounds]?: number | undefined }) {
  const bounds: { -readonly [K in keyof SourceBounds]: number } = { ...SOURCE_BOUNDS }
  for (const name of NAMES) {
    const value = given[name]
    if (value === undefined) continue
    if (!Number.isSafeInteger(value) || value < 1) throw badArgument(`${name} must be positive`)
    bounds[name] = value
  }
  return bounds as SourceBounds
}
