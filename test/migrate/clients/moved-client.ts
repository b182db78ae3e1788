/** What each client of the move holds, and what it says when its turn has come. Used by move-run. */

/** Longer than each move: a client that loses its session has lost it by a mistake. */
export const SESSION_MS = 40_000
/** For one step of a client on a busy machine. */
export const LATE_MS = 90_000

/** Seen by the client itself. */
export interface Seen {
  /** In hexadecimal digits, without leading zeros. */
  readonly session: string
  /** Of its ephemeral, as it reads it. */
  readonly owner: string
  /** The name that it was given this turn. */
  readonly sequence: string
  /** Each value of the watched znode, one per event of its watch. */
  readonly fired: readonly string[]
  /** Sessions of its own that it lost. */
  readonly lost: number
  /** What its recipes and those of its rival say, by name. */
  readonly held: Readonly<Record<string, boolean>>
}

/**
 * Has a session, an ephemeral `mine`, a watch on `watched` and numbers below `line`, all in a room of its own; some have recipes,
 * for which a rival waits from the beginning.
 */
export interface MovedClient {
  readonly name: string
  readonly room: string
  /** Once the watch has brought `value`: another number, and what it has. */
  turn(value: string): Promise<Seen>
  /** Gives its recipes back; says what the rivals got then. */
  release(): Promise<Readonly<Record<string, boolean>>>
  close(): Promise<unknown>
}

export const roomOf = (name: string): string => `/moved/${name}`

/** Signed 64 bits as unsigned hexadecimal digits. */
export const hex = (id: bigint): string => BigInt.asUintN(64, id).toString(16)
