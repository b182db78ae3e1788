/** What brokers and controllers of one cluster must know of its KRaft quorum, as lines of their server.properties. */

export type Properties = Record<string, string | number | boolean>

/** Static voters: one controller is enough for a test. */
export interface KafkaQuorum {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/**
 * How a process takes part: a broker on ZooKeeper, one that also registers with KRaft (migration mode), or a node of KRaft
 * alone. A controller in migration mode is one that may claim the cluster from ZooKeeper.
 */
export type KafkaMode = 'zookeeper' | 'migration' | 'kraft'

/** Everybody who talks to the quorum needs these. */
export function quorumProperties({ nodeId, host, port }: KafkaQuorum): Properties {
  return {
    'controller.quorum.voters': `${nodeId}@${host}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  }
}

/** What a process on ZooKeeper needs, in migration mode too. */
export function zookeeperProperties(connect: string, sessionTimeoutMs: number): Properties {
  return {
    'zookeeper.connect': connect,
    'zookeeper.session.timeout.ms': sessionTimeoutMs,
    'zookeeper.connection.timeout.ms': 30_000,
  }
}

/** ACLs kept by KRaft instead of ZooKeeper. */
export const standardAuthorizer: Properties = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': true,
  'super.users': 'User:ANONYMOUS',
}
