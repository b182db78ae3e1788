/** Every fault, by peer and name. */
import type { Fault } from './fault.ts'
import { etcdFaults } from './faults/etcd.ts'
import { proxyFaults } from './faults/proxies.ts'
import { zookeeperFaults } from './faults/zookeeper.ts'

export const allFaults: readonly Fault[] = [...etcdFaults, ...proxyFaults, ...zookeeperFaults]
