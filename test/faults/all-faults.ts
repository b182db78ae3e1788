/** Every fault, by peer and name. */
import type { Fault } from './fault.ts'
import { clockFaults } from './faults/clocks.ts'
import { etcdFaults } from './faults/etcd.ts'
import { historyFaults } from './faults/history.ts'
import { proxyFaults } from './faults/proxies.ts'
import { quietProxyFault } from './faults/quiet-proxy.ts'
import { upkeepFaults } from './faults/upkeep.ts'
import { zookeeperFaults } from './faults/zookeeper.ts'

export const allFaults: readonly Fault[] = [
  ...etcdFaults,
  quietProxyFault,
  ...proxyFaults,
  ...upkeepFaults,
  ...clockFaults,
  ...historyFaults,
  ...zookeeperFaults,
]
