/** Settings: the store, its history and its space. */
import { keeperBound, switchOf } from '../make.ts'
import { anyText, oneOf, parsePrefix } from '../parse.ts'
import type { Group, Setting } from '../setting.ts'
import { mayHavePassword, shownUrl } from '../shown-url.ts'

export const store: Setting<string> = {
  name: 'store',
  value: '<url>',
  text: 'keep the tree here: file:<folder>, etcd://host:port[,host:port…], redis://host:port or memory:',
  parse: anyText,
  default: 'file:./data',
  shown: shownUrl,
  holdsSecret: mayHavePassword,
}

export const prefix: Setting<string> = {
  name: 'prefix',
  value: '<path>',
  text: 'key prefix of the tree in the store',
  parse: parsePrefix,
  default: '/anykeeper',
}

export const acceptDamagedTree = switchOf(
  'accept-damaged-tree',
  'start even if records of znodes are missing or head is: what is there is served',
)

const journalFormat: Setting<'2' | '3'> = {
  name: 'journal-format',
  value: '<n>',
  text: 'while this proxy lives, all write journal entries of this format: 2 for 0.1.0',
  ...oneOf('2', '3'),
  default: '3',
  keeper: (text) => ({ journalFormatMax: text === '2' ? 2 : 3 }),
}

const etcdMaintenance = switchOf(
  'etcd-maintenance',
  'compact, defragment and disarm etcd when its space quota needs it (root only)',
  { keeper: (storeMaintenance) => ({ storeMaintenance }) },
)

const records: readonly Setting<number>[] = [
  keeperBound('record-check', 'recordCheckMs', {
    value: '<ms>',
    text: 'compare a page of the stored records with the tree this often, 0: never',
    min: 0,
  }),
  keeperBound('max-record-check', 'recordCheckKeysMax', {
    value: '<n>',
    text: 'records of such a page',
  }),
  keeperBound('max-unreadable', 'unreadableMax', {
    value: '<n>',
    text: 'start although so many znodes cannot be read: they answer DATAINCONSISTENCY',
    min: 0,
  }),
]

const history: readonly Setting<number>[] = [
  keeperBound('history-retention', 'historyRetentionMs', {
    value: '<ms>',
    text: 'keep so much of the store’s history, 0: never compact',
    min: 0,
  }),
  keeperBound('max-history-bytes', 'historyBytesMax', {
    value: '<n>',
    text: 'compact earlier behind so many bytes of journal',
  }),
  keeperBound('min-history-bytes', 'historyBytesMin', {
    value: '<n>',
    text: 'keep so many bytes of journal however little space is left, until the store is full',
    min: 0,
  }),
  keeperBound('history-part', 'historyRoomPart', {
    value: '<n>',
    text: 'history and journal may each take one part in so many of the space that is left',
  }),
  keeperBound('max-journal-kept-bytes', 'journalKeptBytesMax', {
    value: '<n>',
    text: 'leave so much of the journal in the store, for members and change feeds that were away',
    min: 0,
  }),
  keeperBound('max-journal-kept', 'journalKeptEntriesMax', {
    value: '<n>',
    text: 'leave so many entries of it',
    min: 0,
  }),
]

const spaceShort = keeperBound('space-short', 'spaceShortShare', {
  value: '<share>',
  text: 'warn that the store gets full when this share of its space is in use',
  min: 0,
  max: 1,
  isDecimal: true,
})
const spaceWell = keeperBound('space-well', 'spaceWellShare', {
  value: '<share>',
  text: 'say that it is well again below this share',
  min: 0,
  max: 1,
  isDecimal: true,
})

const space: readonly Setting<number>[] = [
  keeperBound('space-check', 'spaceCheckMs', {
    value: '<ms>',
    text: 'look at the space that the store has left this often, 0: never',
    min: 0,
  }),
  keeperBound('space-reserve', 'spaceReservePercent', {
    value: '<percent>',
    text: 'keep this part of the store’s space for deletes and ends of sessions, 0: none',
    min: 0,
    max: 50,
  }),
  spaceShort,
  spaceWell,
  keeperBound('space-wait', 'spaceWaitMsMax', {
    value: '<ms>',
    text: 'time for a write to wait while compaction makes room for it: then it is refused',
    min: 0,
  }),
  keeperBound('max-small-bytes', 'spaceSmallBytes', {
    value: '<n>',
    text: 'a write of no more data passes those that wait for space',
    min: 0,
  }),
  keeperBound('compaction-wait', 'compactionWaitMs', {
    value: '<ms>',
    text: 'deadline of a compaction that writes wait for',
  }),
  keeperBound('full-store-retry', 'noSpaceRetryMs', {
    value: '<ms>',
    text: 'look and try this often whether a full store takes writes again',
  }),
  keeperBound('full-store-log-interval', 'noSpaceLogMs', {
    value: '<ms>',
    text: 'log this often that the store is full',
  }),
]

const maintenance: readonly Setting<number>[] = [
  keeperBound('etcd-maintenance-timeout', 'maintenanceTimeoutMs', {
    value: '<ms>',
    text: 'deadline of one step of --etcd-maintenance',
  }),
  keeperBound('etcd-maintenance-ratio', 'maintenanceRatio', {
    value: '<n>',
    text: 'do it when so many times as much space is taken as is in use',
    max: 1_000,
    isDecimal: true,
  }),
  keeperBound('etcd-maintenance-share', 'maintenanceShare', {
    value: '<share>',
    text: 'and at least this share of the space is taken',
    min: 0,
    max: 1,
    isDecimal: true,
  }),
  keeperBound('etcd-maintenance-free-share', 'maintenanceFreeShare', {
    value: '<share>',
    text: 'do it on a full store when less than this share is in use',
    min: 0,
    max: 1,
    isDecimal: true,
  }),
  keeperBound('etcd-maintenance-retry', 'maintenanceRetryMs', {
    value: '<ms>',
    text: 'time to the next round when a member of etcd did not answer',
  }),
  keeperBound('etcd-maintenance-pause', 'maintenancePauseMs', {
    value: '<ms>',
    text: 'time between two rounds while the store is not full',
  }),
]

export const storeGroup: Group = {
  title: 'Store',
  settings: [
    store,
    prefix,
    acceptDamagedTree,
    journalFormat,
    ...records,
    ...history,
    ...space,
    etcdMaintenance,
    ...maintenance,
  ],
  check: (get) => {
    const [short, well] = [get(spaceShort), get(spaceWell)]
    if (well <= short) return []
    return [
      `--space-well ${well} is above --space-short ${short}: lower the one or raise the other`,
    ]
  },
}
