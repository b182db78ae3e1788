/**
 * How long what an alert is about lasts before it fires, as an operator waits for it: scrapes every 15 s, as the chart's ServiceMonitor has them.
 * Written apart from the rules, so that a change there is a change here.
 */

/** Values of a series: one while all is well, and those from when it is not; promtool's notation, without a count. */
type Change = readonly [well: string, bad: string]

export interface AlertDuration {
  /** From the first scrape that shows it. Unit: s. */
  readonly seconds: number
  readonly series: Readonly<Record<string, Change>>
}

const gauge = (name: string, well: number, bad: number, seconds: number): AlertDuration => ({
  seconds,
  series: { [name]: [`${well}`, `${bad}`] },
})
/** One more, and no other. */
const counted = (name: string, seconds: number): AlertDuration => gauge(name, 0, 1, seconds)
const bucket = (le: string): string =>
  `anykeeper_write_stage_seconds_bucket{stage="commit",le="${le}"}`

export const ALERT_DURATIONS: Readonly<Record<string, AlertDuration>> = {
  AnykeeperDown: gauge('up', 1, 0, 60),
  AnykeeperNobodyServes: gauge('anykeeper_serving', 1, 0, 15),
  AnykeeperNotReady: gauge('anykeeper_ready', 1, 0, 60),
  AnykeeperNotWell: gauge('anykeeper_well', 1, 0, 60),
  // The third loss.
  AnykeeperReadinessFlaps: gauge('anykeeper_readiness_losses', 0, 3, 0),
  AnykeeperLeaders: {
    seconds: 60,
    series: {
      'anykeeper_mode{mode="leader",instance="zk-0:8080"}': ['1', '1'],
      'anykeeper_mode{mode="leader",instance="zk-1:8080"}': ['0', '1'],
    },
  },
  AnykeeperStoreFull: gauge('anykeeper_store_full', 0, 1, 0),
  AnykeeperStoreFilling: {
    seconds: 300,
    series: {
      anykeeper_store_bytes_in_use: ['50', '90'],
      anykeeper_store_bytes_max: ['100', '100'],
    },
  },
  AnykeeperWritesRefused: counted('anykeeper_writes_refused_no_space', 0),
  AnykeeperCommitsSlow: {
    seconds: 300,
    series: {
      [bucket('0.1')]: ['0+10', '390+0'],
      [bucket('0.2')]: ['0+10', '400+10'],
      [bucket('+Inf')]: ['0+10', '400+10'],
    },
  },
  AnykeeperCompactionsRefused: counted('anykeeper_compactions_refused', 600),
  AnykeeperRecordsDiffer: counted('anykeeper_record_differences', 0),
  AnykeeperHistoryLost: counted('anykeeper_history_losses', 0),
  AnykeeperUnreadable: gauge('anykeeper_unreadable_znodes', 0, 2, 0),
  AnykeeperMemoryShort: {
    seconds: 300,
    series: {
      anykeeper_memory_live_bytes: ['50', '95'],
      anykeeper_memory_soft_limit_bytes: ['100', '100'],
    },
  },
  AnykeeperPaused: counted('anykeeper_own_pauses', 0),
  AnykeeperDescriptorsShort: counted('anykeeper_descriptor_shortages', 0),
  AnykeeperCertificateExpires: gauge(
    'anykeeper_tls_certificate_expires_seconds',
    864_000,
    86_400,
    300,
  ),
}
