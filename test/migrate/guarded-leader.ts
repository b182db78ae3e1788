/** Leaders of ensembles of one whose servers want something of each other: certificates (sslQuorum), or a login by DIGEST-MD5. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestAuthority } from '../support/test-authority.ts'
import { startZookeeperLeader, type ZookeeperServer } from '../support/zookeeper-server.ts'

/** Of the servers, with characters that are quoted. */
export const QUORUM_LOGIN = { user: 'any keeper', password: 'se"cr\\et ü' }

export interface GuardedLeader {
  readonly server: ZookeeperServer
  readonly quorumPort: number
}

/** ZooKeeper 3.9, with a certificate of this authority, of which it wants one, too. */
export async function startTlsLeader(
  folder: string,
  authority: TestAuthority,
): Promise<GuardedLeader> {
  const { cert, key } = authority.issue('server')
  const store = join(folder, 'server.pem')
  writeFileSync(store, Buffer.concat([readFileSync(key), readFileSync(cert)]))
  return startZookeeperLeader({
    ...{ version: '3.9', heapMb: 96, tickTimeMs: 500 },
    config: {
      sslQuorum: 'true',
      'ssl.quorum.keyStore.location': store,
      'ssl.quorum.trustStore.location': authority.ca,
      'ssl.quorum.hostnameVerification': 'false',
    },
  })
}

/** ZooKeeper 3.8, with {@link QUORUM_LOGIN}. */
export async function startSaslLeader(folder: string): Promise<GuardedLeader> {
  const jaas = join(folder, 'jaas.conf')
  writeFileSync(jaas, JAAS)
  return startZookeeperLeader({
    ...{ version: '3.8', tickTimeMs: 500 },
    config: {
      'quorum.auth.enableSasl': 'true',
      'quorum.auth.learnerRequireSasl': 'true',
      'quorum.auth.serverRequireSasl': 'true',
      'quorum.auth.learner.loginContext': 'QuorumLearner',
      'quorum.auth.server.loginContext': 'QuorumServer',
    },
    properties: { 'java.security.auth.login.config': jaas },
  })
}

const JAAS = `QuorumServer {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  "user_any keeper"="se\\"cr\\\\et ü";
};
QuorumLearner {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  username="any keeper" password="se\\"cr\\\\et ü";
};
`
