/** What the process that holds the port and its workers send each other. Neighbours: workers, worker-link. */
import type { ProcessReport, WorkerMetrics } from '../proxy/index.ts'

export type ToWorker =
  /** Take the settings again, as on SIGHUP. */
  | { readonly type: 'reload' }
  /** Send your own metrics. */
  | { readonly type: 'report'; readonly id: number }
  /** Those of the other workers. */
  | { readonly type: 'others'; readonly id: number; readonly others: WorkerMetrics }

export type FromWorker =
  /** Clients are accepted; the line to print. */
  | { readonly type: 'ready'; readonly line: string }
  | { readonly type: 'own'; readonly id: number; readonly report: ProcessReport }
  /** Collect the metrics of the other workers. */
  | { readonly type: 'collect'; readonly id: number }
