/** What `anykeeper doctor kafka` finds: the cluster, where its migration to KRaft is, and the traps before it. */
import { checkNames, optionNames } from '../../../lib/internal.ts'
import type { Endpoint } from '../../compare/upstream.ts'
import type { ZnodeSource } from '../source.ts'
import { readConnections } from './connections.ts'
import type { Seen } from './decode.ts'
import type { KafkaFinding } from './finding.ts'
import { readFacts } from './read.ts'
import { type KafkaState, leaderOf, nextOf, sizesOf, stateOf, summaryOf } from './state.ts'
import { findingsOf } from './traps.ts'

/** Options of {@link examineKafka}. */
export interface KafkaExamination {
  /** Path of the cluster's root, as in zookeeper.connect. @default "" */
  readonly chroot?: string
  /** How long a /migration of a KRaft controller is watched for a rewrite. Unit ms. @default 5000 */
  readonly watchMs?: number
  /** States of partitions that are read, to compare their epochs. @default 100000 */
  readonly partitionsMax?: number
  /** The id that the KRaft controllers have, or will have. @default none: not compared */
  readonly clusterId?: string
  /** Servers that are queried for their connections, over plain TCP. @default none */
  readonly servers?: readonly Endpoint[]
}

/** The defaults of {@link KafkaExamination}. */
export const KAFKA_EXAMINATION_DEFAULT = {
  chroot: '',
  watchMs: 5_000,
  partitionsMax: 100_000,
} as const

const OPTIONS = optionNames<KafkaExamination>({
  chroot: true,
  watchMs: true,
  partitionsMax: true,
  clusterId: true,
  servers: true,
})

/** A cluster as {@link examineKafka} saw it. */
export interface KafkaReport {
  /** Stable word, for scripts. */
  readonly state: KafkaState
  /** The state in sentences. */
  readonly summary: string
  /** Traps first. */
  readonly findings: readonly KafkaFinding[]
  /** What to do next, in this order; empty where the findings say it. */
  readonly next: readonly string[]
  /** null: there is none, or it cannot be understood. */
  readonly clusterId: string | null
  /** Who /controller names, as text. */
  readonly controller: string
  /** Of /controller_epoch; null as above. */
  readonly controllerEpoch: number | null
  /** Of the KRaft controller in /controller; −1: a broker; null as above. */
  readonly kraftEpoch: number | null
  /** Offset in /migration: above 0, the metadata were copied; null as above. */
  readonly migrationOffset: number | null
  /** Ids in /brokers/ids, ascending. */
  readonly registered: readonly number[]
  /** Ids that replicas name and that are not registered, ascending. */
  readonly unregistered: readonly number[]
  /** Sizes as text. */
  readonly sizes: string
}

/**
 * Examines a Kafka cluster in ZooKeeper; reads only.
 * @throws {TypeError} an option is not known
 * @throws {DoctorError} this is no tree of Kafka, or what matters may not be read
 * @throws {ZnodeError} the connection was lost, or another failure of the source
 */
export async function examineKafka(
  source: ZnodeSource,
  options: KafkaExamination = {},
): Promise<KafkaReport> {
  checkNames(options, OPTIONS)
  const {
    chroot,
    watchMs,
    partitionsMax,
    servers = [],
    clusterId,
  } = {
    ...KAFKA_EXAMINATION_DEFAULT,
    ...options,
  }
  const facts = await readFacts(source, { chroot, watchMs, partitionsMax })
  const connections = servers.length === 0 ? undefined : await readConnections(servers)
  const state = stateOf(facts)
  const { controller, controllerEpoch, migration, registered, replicas } = facts
  return {
    state,
    summary: summaryOf(state, facts),
    findings: findingsOf({ facts, state, connections, clusterId }),
    next: nextOf(state, facts),
    clusterId: knownOf(facts.clusterId),
    controller: leaderOf(facts),
    controllerEpoch: knownOf(controllerEpoch),
    kraftEpoch: knownOf(controller)?.kraftEpoch ?? null,
    migrationOffset: knownOf(migration)?.offset ?? null,
    registered: [...registered.keys()],
    unregistered: [...replicas.keys()].filter((id) => !registered.has(id)),
    sizes: sizesOf(facts),
  }
}

const knownOf = <T>(seen: Seen<T>): T | null => (seen.kind === 'known' ? seen.value : null)
