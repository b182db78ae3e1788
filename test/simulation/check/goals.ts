/** How strict the laws are that today's code does not hold yet; the README has the findings. */
export interface Goals {
  /** No answer comes from a state that was replaced longer ago. Unit ms. */
  readonly staleMsMax: number
  /** A session may end that much before its time. Unit ms. */
  readonly earlyMsMax: number
  /** A session that the log has ended may be resumed for so long. Unit ms. */
  readonly deadMsMax: number
  /** After a time without any proxy that serves, sessions have their whole timeout again. */
  readonly outageCounts: boolean
  /** Events must be complete also for connections that lived through a resync. */
  readonly watchesAcrossResync: boolean
}

export const TODAY: Goals = {
  staleMsMax: 14_000,
  earlyMsMax: Number.POSITIVE_INFINITY,
  deadMsMax: Number.POSITIVE_INFINITY,
  outageCounts: false,
  watchesAcrossResync: false,
}

export const WANTED: Goals = {
  staleMsMax: 4_500,
  earlyMsMax: 0,
  deadMsMax: 0,
  outageCounts: true,
  watchesAcrossResync: true,
}
