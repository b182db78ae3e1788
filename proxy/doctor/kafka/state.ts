/** In which of the states of a migration to KRaft a cluster is, in one word and in sentences. Line: read → here → traps → report. */
import type { Migration } from './decode.ts'
import type { KafkaFacts } from './read.ts'
import { be, brokers, capital, counted } from './words.ts'

/**
 * - `zookeeper`: no migration has begun;
 * - `waiting-for-brokers`: a KRaft controller has prepared /migration, and has not claimed the cluster;
 * - `copying`: it has claimed it, and copies the metadata;
 * - `dual-write`: KRaft leads, every broker is registered in ZooKeeper;
 * - `brokers-moving`: as before, and some brokers are registered no more;
 * - `brokers-moved`: as before, and none is;
 * - `silent`: a KRaft controller has claimed the cluster and does not write, while brokers are registered in ZooKeeper;
 * - `finalised`: as before, and none is;
 * - `reverting`: /controller was deleted, and no broker has become controller yet;
 * - `reverted`: a broker is the controller, and /migration is left;
 * - `no-controller`: no migration, and no controller;
 * - `unclear`: what says it cannot be understood, or contradicts itself.
 */
export type KafkaState =
  | 'zookeeper'
  | 'waiting-for-brokers'
  | 'copying'
  | 'dual-write'
  | 'brokers-moving'
  | 'brokers-moved'
  | 'silent'
  | 'finalised'
  | 'reverting'
  | 'reverted'
  | 'no-controller'
  | 'unclear'

/** Ids of brokers that hold replicas and are not registered in ZooKeeper. */
export function unregistered({ replicas, registered }: KafkaFacts): number[] {
  return [...replicas.keys()].filter((id) => !registered.has(id))
}

const hasCopied = ({ offset }: Migration): boolean => offset > 0

export function stateOf(facts: KafkaFacts): KafkaState {
  const { controller, migration, registered } = facts
  if (controller.kind === 'broken' || migration.kind === 'broken') return 'unclear'
  const isMigrating = migration.kind === 'known'
  if (controller.kind === 'absent') {
    return isMigrating && hasCopied(migration.value) ? 'reverting' : 'no-controller'
  }
  if (controller.value.kraftEpoch < 0) {
    if (controller.znode.ephemeralOwner === 0n) return 'unclear'
    if (!isMigrating) return 'zookeeper'
    return hasCopied(migration.value) ? 'reverted' : 'waiting-for-brokers'
  }
  if (!isMigrating) return 'unclear'
  if (!hasCopied(migration.value)) return 'copying'
  if (facts.isMigrationMoving !== true) return registered.size > 0 ? 'silent' : 'finalised'
  if (registered.size === 0) return 'brokers-moved'
  return unregistered(facts).length === 0 ? 'dual-write' : 'brokers-moving'
}

/** What the state means. */
export function summaryOf(state: KafkaState, facts: KafkaFacts): string {
  const leader = leaderOf(facts)
  const ids = [...facts.registered.keys()]
  const away = unregistered(facts)
  switch (state) {
    case 'zookeeper':
      return `ZooKeeper mode: ${leader} is the controller. No migration to KRaft has begun.`
    case 'waiting-for-brokers':
      return `A migration has begun and nothing is copied yet: ${leader} is still the controller, and a KRaft controller waits until every broker is registered with it in migration mode.`
    case 'copying':
      return `${capital(leader)} has claimed the cluster and copies the metadata from ZooKeeper: /migration has no offset yet.`
    case 'dual-write':
      return `Dual write: ${leader} leads the cluster and writes every change to ZooKeeper, too. ${capital(brokers(ids))} ${be(ids)} still in ZooKeeper mode.`
    case 'brokers-moving':
      return `Dual write, and the brokers are moving: ${brokers(ids)} ${be(ids)} still in ZooKeeper mode; ${brokers(away)} ${away.length === 1 ? 'holds' : 'hold'} replicas and ${be(away)} not registered in ZooKeeper, so in KRaft mode, or down.`
    case 'brokers-moved':
      return `Dual write, and no broker is left in ZooKeeper mode: ${leader} leads the cluster and still writes every change to ZooKeeper, too.`
    case 'silent':
      return `${capital(leader)} has claimed the cluster and does not write: /migration was not rewritten in ${facts.watchMs} ms, which happens about twice a second in dual write. ${capital(brokers(ids))} ${be(ids)} still registered in ZooKeeper.`
    case 'finalised':
      return `${capital(leader)} has claimed the cluster, writes to ZooKeeper no more, and no broker is registered there: the migration is finalised (POST_MIGRATION), or all controllers are stopped. What is left here is used by nobody.`
    case 'reverting':
      return '/controller was deleted and /migration is left: the migration is being reverted, and no broker has become controller yet.'
    case 'reverted':
      return `ZooKeeper mode: ${leader} is the controller. A migration to KRaft was reverted, and its /migration is left.`
    case 'no-controller':
      return `There is no controller. ${capital(brokers(ids))} ${be(ids)} registered.`
    case 'unclear':
      return 'The state cannot be judged: what says it cannot be understood or contradicts itself.'
  }
}

/** What comes next, in the order in which it is done. */
export function nextOf(state: KafkaState, facts: KafkaFacts): string[] {
  const { clusterId } = facts
  const id = clusterId.kind === 'known' ? clusterId.value : 'of /cluster/id'
  switch (state) {
    case 'zookeeper':
      return [
        `To migrate, format the KRaft controllers (kafka-storage.sh format --cluster-id=${id}), and start them with zookeeper.metadata.migration.enable=true.`,
      ]
    case 'waiting-for-brokers':
      return [
        'Restart every broker with zookeeper.metadata.migration.enable=true, controller.quorum.voters, controller.listener.names and its inter.broker.protocol.version. The log of the KRaft controller names those that it waits for.',
        'To give up, stop the KRaft controllers and delete /migration.',
      ]
    case 'copying':
      return ['Wait. The log of the KRaft controller counts what is copied.']
    case 'dual-write':
      return [
        'Restart the brokers one after the other in KRaft mode. Do not finalise before: controllers without migration mode leave brokers in ZooKeeper mode behind.',
        'To revert, stop the KRaft controllers, delete /controller and /migration, and restart the brokers without migration mode.',
      ]
    case 'brokers-moving':
      return [
        'Restart the other brokers in KRaft mode. Do not finalise before.',
        'To revert, restart those that moved in migration mode first.',
      ]
    case 'brokers-moved':
      return [
        'When every broker is well, restart the controllers without zookeeper.metadata.migration.enable and zookeeper.connect. There is no way back after that.',
        'To revert, restart the brokers in migration mode first.',
      ]
    case 'finalised':
      return [
        'Ask the controllers (kafka-metadata-quorum.sh describe --status). When they lead, ZooKeeper is not needed any more.',
      ]
    case 'reverting':
      return ['Restart the brokers without migration mode.']
    default:
      return []
  }
}

/** Who /controller names. */
export function leaderOf({ controller, controllerEpoch }: KafkaFacts): string {
  if (controller.kind !== 'known') return 'nobody'
  const { id, kraftEpoch } = controller.value
  const epoch = controllerEpoch.kind === 'known' ? `controller epoch ${controllerEpoch.value}` : ''
  if (kraftEpoch < 0) return `broker ${id}${epoch === '' ? '' : ` (${epoch})`}`
  const epochs = [`KRaft epoch ${kraftEpoch}`, epoch].filter((text) => text !== '')
  return `KRaft controller ${id} (${epochs.join(', ')})`
}

/** Sizes, for people. */
export function sizesOf(facts: KafkaFacts): string {
  const { topicCount, partitionCount, registered, aclCount } = facts
  const parts = [
    `${counted(registered.size, 'broker')} registered`,
    counted(topicCount, 'topic'),
    counted(partitionCount, 'partition'),
    `${counted(aclCount, 'resource')} with ACLs`,
  ]
  return parts.join(', ')
}
