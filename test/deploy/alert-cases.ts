/** What each alert rule fires on, and what it is silent on: series in promtool's notation, one sample a minute. */
export interface AlertCase {
  /** Series by name and labels, with values on which it fires; the labels of a target are added. */
  readonly fires: Readonly<Record<string, string>>
  /** The same series when all is well. */
  readonly silent: Readonly<Record<string, string>>
  /** Series of what is done on purpose, by what it is: silent as well. */
  readonly normal?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Its summary when it fires. */
  readonly summary: string
  /** Of a group of proxies, so it has no instance. */
  readonly isOfGroup?: true
}

const one = (name: string, fires: string, silent: string, summary: string): AlertCase => ({
  fires: { [name]: fires },
  silent: { [name]: silent },
  summary,
})

const zk0 = 'zk-0:8080'
/** A pod is replaced: a minute is more than its drain and its start take, but no scrape in it finds anything. */
const REPLACED = '1x17 0 1x2'
const GONE = '1x17 _ 1x2'
const of = (metric: string, instance: string): string => `${metric}{instance="${instance}:8080"}`
/** Two standbys of a migration, or two that serve clients while ZooKeeper leads. */
const following = (mode: 'standby' | 'observer', metric: string): Record<string, string> =>
  Object.fromEntries(
    ['zk-0', 'zk-1'].flatMap((one) => [
      [of(metric, one), mode === 'standby' ? '0x20' : '1x20'],
      [of('anykeeper_standby', one), mode === 'standby' ? '1x20' : '0x20'],
      [`anykeeper_mode{mode="leader",instance="${one}:8080"}`, '0x20'],
      [`anykeeper_mode{mode="${mode}",instance="${one}:8080"}`, '1x20'],
    ]),
  )
const onPurpose = (metric: string): Record<string, Record<string, string>> => ({
  'a standby': following('standby', metric),
  'a proxy that serves while ZooKeeper leads': following('observer', metric),
  'a proxy that is replaced': { [of(metric, 'zk-0')]: REPLACED, [of(metric, 'zk-1')]: '1x20' },
  'a proxy that was taken out of the group': {
    [of(metric, 'zk-0')]: '1x10',
    [of(metric, 'zk-1')]: '1x20',
  },
})
const leader = 'anykeeper_mode{mode="leader",instance="zk-0:8080"}'
const other = 'anykeeper_mode{mode="leader",instance="zk-1:8080"}'
const bucket = (le: string): string =>
  `anykeeper_write_stage_seconds_bucket{stage="commit",le="${le}"}`

/** Looked at after 20 minutes. */
export const ALERT_CASES: Readonly<Record<string, AlertCase>> = {
  AnykeeperDown: {
    ...one('up', '1x15 0x5', '1x20', `${zk0} does not answer`),
    normal: {
      'a proxy that is replaced': { up: REPLACED },
      'a proxy that was taken out of the group': { up: '1x10' },
    },
  },
  AnykeeperNobodyServes: {
    fires: {
      'anykeeper_serving{instance="zk-0:8080"}': '1x15 0x5',
      'anykeeper_serving{instance="zk-1:8080"}': '1x15 0x5',
    },
    silent: {
      'anykeeper_serving{instance="zk-0:8080"}': '1x15 0x5',
      'anykeeper_serving{instance="zk-1:8080"}': '1x20',
    },
    normal: onPurpose('anykeeper_serving'),
    summary: 'no proxy of anykeeper serves clients',
    isOfGroup: true,
  },
  AnykeeperNotReady: {
    ...one('anykeeper_ready', '0x20', '0x19 1', `${zk0} is not ready`),
    normal: onPurpose('anykeeper_ready'),
  },
  AnykeeperNotWell: {
    ...one('anykeeper_well', '1x17 0x3', '1x20', `${zk0} is not well`),
    normal: onPurpose('anykeeper_well'),
  },
  AnykeeperReadinessFlaps: {
    ...one(
      'anykeeper_readiness_losses',
      '0x11 1 2 3 4 5 6 7 8 9',
      '0x15 1x5',
      `${zk0} loses its readiness again and again`,
    ),
    // Draining is no loss, and each new process begins at 0.
    normal: { 'restarted four times': { anykeeper_readiness_losses: '5x12 0 0 _ 0 _ 0 _ 0' } },
  },
  AnykeeperLeaders: {
    fires: { [leader]: '1x20', [other]: '1x20' },
    silent: { [leader]: '1x20', [other]: '0x20' },
    normal: {
      standbys: following('standby', 'anykeeper_serving'),
      'proxies that serve while ZooKeeper leads': following('observer', 'anykeeper_serving'),
      'the leader is replaced, the other one takes its place': {
        [leader]: GONE.replace(/1x2$/, '0x2'),
        [other]: '0x18 1x2',
      },
      'for one look both or none': { [leader]: '1x18 1 0', [other]: '0x18 1 1' },
    },
    summary: '2 proxies of anykeeper report leader',
    isOfGroup: true,
  },
  AnykeeperStoreFull: one(
    'anykeeper_store_full',
    '0x19 1',
    '0x20',
    `the store of ${zk0} takes no more writes`,
  ),
  AnykeeperStoreFilling: {
    fires: { anykeeper_store_bytes_in_use: '90x20', anykeeper_store_bytes_max: '100x20' },
    silent: { anykeeper_store_bytes_in_use: '90x20', anykeeper_store_bytes_max: '0x20' },
    summary: `90% of the space of the store of ${zk0} is in use`,
  },
  AnykeeperWritesRefused: {
    ...one(
      'anykeeper_writes_refused_no_space',
      '0x17 5 5 5',
      '5x20',
      `${zk0} refuses writes for lack of space`,
    ),
    normal: { 'a restart': { anykeeper_writes_refused_no_space: '5x17 _ 0 0' } },
  },
  AnykeeperCommitsSlow: {
    fires: { [bucket('0.1')]: '0x20', [bucket('0.2')]: '0+60x20', [bucket('+Inf')]: '0+60x20' },
    silent: { [bucket('0.1')]: '0+60x20', [bucket('0.2')]: '0+60x20', [bucket('+Inf')]: '0+60x20' },
    summary: `one commit in a hundred of ${zk0} takes 199ms`,
  },
  AnykeeperCompactionsRefused: one(
    'anykeeper_compactions_refused',
    '0 1x19',
    '0x20',
    `the store refuses to compact for ${zk0}`,
  ),
  AnykeeperRecordsDiffer: one(
    'anykeeper_record_differences',
    '0x15 1x5',
    '1x20',
    `${zk0} has found something in the store that it did not write`,
  ),
  AnykeeperHistoryLost: one(
    'anykeeper_history_losses',
    '0x15 1x5',
    '0x20',
    `the history in the store of ${zk0} went back`,
  ),
  AnykeeperUnreadable: one(
    'anykeeper_unreadable_znodes',
    '2x20',
    '0x20',
    `${zk0} cannot read all of the tree`,
  ),
  AnykeeperMemoryShort: {
    fires: { anykeeper_memory_live_bytes: '95x20', anykeeper_memory_soft_limit_bytes: '100x20' },
    silent: { anykeeper_memory_live_bytes: '95x20', anykeeper_memory_soft_limit_bytes: '0x20' },
    summary: `the tree of ${zk0} takes 95% of what it may`,
  },
  AnykeeperPaused: {
    ...one('anykeeper_own_pauses', '0x15 1x5', '1x20', `${zk0} stood still for more than a second`),
    normal: { 'a restart': { anykeeper_own_pauses: '3x17 _ 0 0' } },
  },
  AnykeeperDescriptorsShort: one(
    'anykeeper_descriptor_shortages',
    '0x15 1x5',
    '0x20',
    `${zk0} has no file descriptors left`,
  ),
  AnykeeperCertificateExpires: one(
    'anykeeper_tls_certificate_expires_seconds',
    '86400x20',
    '864000x20',
    `a certificate of ${zk0} expires in 1d 0h 0m 0s`,
  ),
}
