/** Settings: commits, the journal and what is written behind it; containers, quotas, the change feed. */
import { keeperBound, switchOf } from '../make.ts'
import type { Group, Setting } from '../setting.ts'

const commits: readonly Setting<number>[] = [
  keeperBound('max-batch-bytes', 'batchBytesMax', {
    value: '<n>',
    text: 'bytes of journal at which a batch of requests is full',
  }),
  keeperBound('max-batch-requests', 'batchRequestsMax', {
    value: '<n>',
    text: 'requests of one batch',
  }),
  keeperBound('max-close-bytes', 'closeBytesMax', {
    value: '<n>',
    text: 'bytes of paths that the end of a session names in its journal entry',
    min: 0,
  }),
  keeperBound('max-commits-in-flight', 'commitsInFlightMax', {
    value: '<n>',
    text: 'commits that are sent to the store before the first is answered',
    max: 1_000,
  }),
]

const backlogTarget = keeperBound('backlog-target', 'backlogKeysTarget', {
  value: '<n>',
  text: 'records behind the journal at which commits begin to carry more of them than they add',
})
const backlogMax = keeperBound('max-backlog', 'backlogKeysMax', {
  value: '<n>',
  text: 'records behind the journal at which new writes wait',
})
const journalTarget = keeperBound('journal-bytes-target', 'journalBytesTarget', {
  value: '<n>',
  text: 'bytes of journal that a start would replay at which commits carry more records',
})
const journalMax = keeperBound('max-journal-bytes', 'journalBytesMax', {
  value: '<n>',
  text: 'bytes of journal that a start would replay at which new writes wait',
})

const writeBehind: readonly Setting<number>[] = [
  backlogTarget,
  backlogMax,
  journalTarget,
  journalMax,
  keeperBound('max-flush', 'flushKeysPerTxnMax', {
    value: '<n>',
    text: 'records that one commit carries along',
  }),
  keeperBound('flush-delay', 'flushDelayMs', {
    value: '<ms>',
    text: 'time that a changed record stays behind the journal when the proxy is idle',
  }),
  keeperBound('flush-late', 'flushLateMs', {
    value: '<ms>',
    text: 'under load, records that are later than this go along with commits',
  }),
  keeperBound('write-behind-timeout', 'flushSilenceMsMax', {
    value: '<ms>',
    text: 'say that this server is not well when no record was written for so long',
    min: 20_000,
  }),
]

const containers: readonly Setting<number>[] = [
  keeperBound(
    'container-check-interval',
    'reaperIntervalMs',
    { value: '<ms>', text: 'look for empty containers and old TTL znodes this often' },
    { zookeeper: ['znode.container.checkIntervalMs'] },
  ),
  keeperBound(
    'max-containers-per-minute',
    'reapedPerMinuteMax',
    { value: '<n>', text: 'remove no more of them than this' },
    { zookeeper: ['znode.container.maxPerMinute'] },
  ),
]

const enforceQuota = switchOf(
  'enforce-quota',
  'refuse what goes beyond the hard limits of quotas',
  { zookeeper: ['enforceQuota'], keeper: (isEnforced) => ({ enforceQuota: isEnforced }) },
)

const changes: readonly Setting<number>[] = [
  keeperBound('changes-retention', 'changesRetentionMs', {
    value: '<ms>',
    text: 'keep committed transactions in memory for so long, for change feeds that resume',
    min: 0,
  }),
  keeperBound('max-changes-bytes', 'changesRetainedBytesMax', {
    value: '<n>',
    text: 'keep no more bytes of them, 0: none',
    min: 0,
  }),
  keeperBound('max-changes-lag-bytes', 'changesLagBytesMax', {
    value: '<n>',
    text: 'end a change feed whose reader is behind by more bytes',
  }),
  keeperBound('max-changes-lag', 'changesLagTxnsMax', {
    value: '<n>',
    text: 'end a change feed whose reader is behind by more transactions',
  }),
  keeperBound('changes-bookmark-interval', 'changesBookmarkMs', {
    value: '<ms>',
    text: 'send a bookmark to a change feed that had no record for so long',
  }),
]

export const limits: Group = {
  title: 'Limits',
  settings: [...commits, ...writeBehind, ...containers, enforceQuota, ...changes],
  check: (get) => {
    const pairs = [
      [backlogTarget, backlogMax],
      [journalTarget, journalMax],
    ] as const
    return pairs
      .filter(([target, max]) => get(target) > get(max))
      .map(
        ([target, max]) =>
          `--${target.name} ${get(target)} is above --${max.name} ${get(max)}: ` +
          'lower the one or raise the other',
      )
  },
}
