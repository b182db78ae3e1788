/** How much of each attack there is: for what is measured, and for what every run of the tests has time for. */

export interface Sizes {
  readonly calmMs: number
  readonly levels: number
  readonly longPaths: number
  readonly ephemerals: number
  readonly overwrites: number
  readonly pipelined: number
  readonly multiCreates: number
  readonly authPackets: number
  readonly aclReads: number
  readonly children: number
  readonly childCounts: number
  readonly childLists: number
  readonly watches: number
  readonly watchLists: number
  readonly setWatches: number
  /** Of 1 MB each, at 1 MB/s, with a session of 6 s. */
  readonly slowReads: number
  readonly unreadClients: number
  readonly aheadClients: number
  readonly silentClients: number
  readonly halfFrames: number
}

export const FULL: Sizes = {
  calmMs: 5_000,
  levels: 4_000,
  longPaths: 300,
  ephemerals: 16_000,
  overwrites: 300,
  pipelined: 60,
  multiCreates: 9_000,
  authPackets: 60_000,
  aclReads: 500,
  children: 300_000,
  childCounts: 200,
  childLists: 20,
  watches: 100_000,
  watchLists: 20,
  setWatches: 40_000,
  slowReads: 25,
  unreadClients: 20,
  aheadClients: 200,
  silentClients: 4_000,
  halfFrames: 200,
}

export const QUICK: Sizes = {
  ...FULL,
  calmMs: 500,
  levels: 1_000,
  ephemerals: 3_000,
  overwrites: 20,
  pipelined: 8,
  multiCreates: 3_000,
  aclReads: 200,
  children: 10_000,
  childCounts: 50,
  childLists: 10,
  watches: 10_000,
  watchLists: 10,
  setWatches: 20_000,
  slowReads: 7,
  unreadClients: 10,
  aheadClients: 40,
  silentClients: 500,
}
