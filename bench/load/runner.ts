/** What the worker does with a load of any kind. Neighbours: worker, the runners of each kind. */
export interface Runner {
  /** Connections, sessions and watches: all that comes before the first request. */
  open(): Promise<void>
  /** Requests flow from now on. */
  go(): void
  /** No new ones; resolves with the last reply. */
  finish(): Promise<void>
  /** Ends the sessions. */
  close(): Promise<void>
}
