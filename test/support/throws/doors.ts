/** A call for each error that the docstrings of the package's doors promise, besides the client's. Neighbours: promises, place. */
import { proxies } from './door-proxy.ts'
import { adapters, contract, members } from './door-stores.ts'
import { transfers } from './door-transfer.ts'
import type { DoorRow, Place } from './place.ts'
import { wrong } from './rows.ts'
import { TAKERS_OF_DOORS } from './unknown-options.ts'

const rows: Readonly<Record<string, DoorRow>> = {
  ...members,
  ...contract,
  ...transfers,
  ...adapters,
  ...proxies,
}

/** They throw it for an option that is not known, and for nothing else. */
const REFUSING = [
  ...['readZookeeper', 'AdminServer.listen', 'AdminServer.closed', 'AuditFile.open'],
  ...['AuditTrail.new', 'CompareServer.listen', 'examineKafka'],
  ...['ProxyServer.listen', 'ProxyServer.reconfigure', 'ProxyServer.unbound'],
]

const refusals = REFUSING.map((name): [string, DoorRow] => {
  const refused = (place: Place) => TAKERS_OF_DOORS[name]?.(place, wrong({ nope: 1 }))
  return [name, { ...rows[name], TypeError: refused }]
})

export const DOORS: Readonly<Record<string, DoorRow>> = {
  ...rows,
  ...Object.fromEntries(refusals),
}

/** What needs a server, or a disk: the test that has the call. */
export const ELSEWHERE_OF_DOORS: Readonly<Record<string, string>> = {
  'Keeper.changes CHANGES_SLOW': 'test/keeper/changes-ends.test.ts',
  'MetadataStore STORE_UNAVAILABLE': 'test/adapters/redis-faults.test.ts',
  'MetadataStore STORE_TIMEOUT': 'test/adapters/etcd-faults.test.ts',
  'MetadataStore.txn STORE_NO_SPACE': 'test/adapters/full-disk.test.ts',
  'MetadataStore.compact STORE_TIMEOUT': 'test/adapters/etcd-faults.test.ts',
  'MetadataStore.space STORE_UNAUTHENTICATED': 'test/adapters/etcd-space.test.ts',
  'MetadataStore.reclaim STORE_UNAUTHENTICATED': 'test/operations/least-privilege.test.ts',
  'MetadataStore.reclaim STORE_UNAVAILABLE': 'test/adapters/etcd-maintenance.test.ts',
  'MetadataStore.reclaim STORE_UNSUPPORTED': 'test/adapters/etcd-maintenance.test.ts',
  'backupFileStore STORE_NO_SPACE': 'test/adapters/full-disk.test.ts',
  'backupFileStore STORE_UNSUPPORTED': 'test/adapters/embedded-faults.test.ts',
}
