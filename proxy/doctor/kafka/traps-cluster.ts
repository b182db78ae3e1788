/** The traps in the cluster itself: its brokers, their sessions, its id, and what cannot be read. Neighbour: traps. */
import { note, type Question, trap } from './finding.ts'
import { unregistered } from './state.ts'
import { be, brokers, capital, counted, listed, sessionText } from './words.ts'

const BROKEN_SHOWN = 10
/** Of its timeout that a session is silent: a client pings after a third. */
const SILENT_SHARE_MAX = 2 / 3

export const clusterQuestions: readonly Question[] = [
  function unregisteredBrokers({ state, facts }) {
    if (!['zookeeper', 'waiting-for-brokers', 'reverted'].includes(state)) return undefined
    const away = unregistered(facts)
    if (away.length === 0) return undefined
    const count = away.reduce((sum, id) => sum + (facts.replicas.get(id) ?? 0), 0)
    return trap(
      'unregistered-brokers',
      `${capital(brokers(away))} ${be(away)} not registered and ${be(away)} named in ${counted(count, 'replica')}: a migration waits for every broker that a replica names, for ever. Start ${away.length === 1 ? 'it' : 'them'}, or move the replicas away.`,
    )
  },
  function oldProtocol({ facts }) {
    const old = [...facts.registered].flatMap(([id, seen]) =>
      seen.kind === 'known' && seen.value.version < 5 ? [id] : [],
    )
    if (old.length === 0) return undefined
    return trap(
      'old-protocol',
      `${capital(brokers(old))} registered as Kafka before 2.7 does. A migration needs Kafka 3.4 or later (3.9 is best) with the inter.broker.protocol.version of that release.`,
    )
  },
  function clusterIdMissing({ facts }) {
    if (facts.clusterId.kind !== 'absent') return undefined
    return trap(
      'cluster-id-missing',
      'There is no /cluster/id: the controllers must be formatted with the id in meta.properties of the brokers. A restarted broker writes a new id here and refuses to start with its old one.',
    )
  },
  function clusterIdForm({ facts: { clusterId } }) {
    if (clusterId.kind !== 'known' || /^[\w-]{22}$/.test(clusterId.value)) return undefined
    return trap(
      'cluster-id-form',
      `The cluster id ${JSON.stringify(clusterId.value.slice(0, 60))} is not a UUID in base64: kafka-storage.sh format refuses it.`,
    )
  },
  function clusterIdOther({ facts: { clusterId }, clusterId: expected }) {
    if (clusterId.kind !== 'known' || expected === undefined) return undefined
    if (clusterId.value === expected) return undefined
    return trap(
      'cluster-id-other',
      `/cluster/id is ${clusterId.value}, not ${expected}: brokers refuse controllers of another cluster. Format the controllers with ${clusterId.value}.`,
    )
  },
  function clusterIdTwice({ facts: { sameClusterId } }) {
    if (sameClusterId.length === 0) return undefined
    return trap(
      'cluster-id-twice',
      `The tree below ${listed(sameClusterId)} has the same cluster id: one is a copy. Make sure that the brokers and the controllers use the same chroot.`,
    )
  },
  function idClash({ facts: { controller, migration, registered, replicas } }) {
    const ids = new Set<number>()
    if (controller.kind === 'known' && controller.value.kraftEpoch >= 0) {
      ids.add(controller.value.id)
    }
    if (migration.kind === 'known') ids.add(migration.value.controllerId)
    const clash = [...ids].filter((id) => id >= 0 && (registered.has(id) || replicas.has(id)))
    if (clash.length === 0) return undefined
    return trap(
      'id-clash',
      `The KRaft controller has the id of ${brokers(clash)}: node.id of a controller must be another one than any broker.id.`,
    )
  },
  function lostSessions({ facts, connections }) {
    if (connections?.isComplete !== true) return undefined
    const lost = [...facts.registered].flatMap(([id, seen]) =>
      seen.kind === 'known' && !connections.bySession.has(seen.znode.ephemeralOwner)
        ? [{ id, session: seen.znode.ephemeralOwner }]
        : [],
    )
    if (lost.length === 0) return undefined
    const sessions = lost.map(({ session }) => sessionText(session))
    return note(
      'session-elsewhere',
      `${capital(brokers(lost.map(({ id }) => id)))} ${be(lost)} registered by ${listed(sessions)}, and no server of the URL has a connection of it: connected to another server, or lost. A lost one is deleted when its timeout is over; a broker started before that fails with NodeExists.`,
    )
  },
  function silentSessions({ facts, connections }) {
    const silent = [...facts.registered].flatMap(([id, seen]) => {
      if (seen.kind !== 'known') return []
      const connection = connections?.bySession.get(seen.znode.ephemeralOwner)
      if (connection === undefined) return []
      const { silentMs, timeoutMs } = connection
      return silentMs > timeoutMs * SILENT_SHARE_MAX ? [{ id, silentMs, timeoutMs }] : []
    })
    if (silent.length === 0) return undefined
    const times = silent.map(({ silentMs, timeoutMs }) => `${silentMs} of ${timeoutMs} ms`)
    return trap(
      'session-silent',
      `${capital(brokers(silent.map(({ id }) => id)))} ${be(silent)} silent for ${listed(times)}: near the end of the session, after which the broker registers again and its partitions change leaders.`,
    )
  },
  function broken({ facts }) {
    if (facts.broken.length === 0) return undefined
    const more = facts.broken.length - BROKEN_SHOWN
    const shown = facts.broken.slice(0, BROKEN_SHOWN).join(' ')
    const rest = more > 0 ? ` And ${more} more like these.` : ''
    return trap(
      'not-understood',
      `${shown}${rest} Kafka cannot read it either, or is newer than this doctor.`,
    )
  },
  function passwords({ state, facts: { withPasswords } }) {
    if (withPasswords.length === 0 || state === 'finalised') return undefined
    return note(
      'password-encoder',
      `The dynamic configuration of broker ${listed(withPasswords)} has encrypted passwords: the KRaft controllers need the password.encoder settings of the brokers, or they copy what no broker can use.`,
    )
  },
  function acls({ state, facts: { aclCount } }) {
    if (aclCount === 0 || !['zookeeper', 'waiting-for-brokers'].includes(state)) return undefined
    return note(
      'acls',
      `${counted(aclCount, 'resource')} with ACLs: the KRaft controllers, and later the brokers, need authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer.`,
    )
  },
  function unfinished({ state, facts: { topicsToDelete, isReassigning } }) {
    if (!['zookeeper', 'waiting-for-brokers'].includes(state)) return undefined
    if (topicsToDelete === 0 && !isReassigning) return undefined
    const parts = [
      ...(topicsToDelete === 0 ? [] : [`${counted(topicsToDelete, 'topic')} to be deleted`]),
      ...(isReassigning ? ['a reassignment of partitions'] : []),
    ]
    return note(
      'unfinished',
      `Not finished: ${listed(parts)}. Let it end before the brokers are restarted.`,
    )
  },
  function partitionsUnread({ facts: { partitionsRead, partitionCount } }) {
    if (partitionsRead === partitionCount) return undefined
    return note(
      'partitions-unread',
      `Only ${partitionsRead} of ${partitionCount} partitions were read: raise --partitions-max to compare the epochs of all.`,
    )
  },
  function forbidden({ facts: { forbidden: paths } }) {
    if (paths.length === 0) return undefined
    return note(
      'forbidden',
      `This client may not read ${listed(paths)}, so passwords, ACLs or unfinished work may be there that are not mentioned.`,
    )
  },
]
