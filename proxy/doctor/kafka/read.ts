/** Everything in a Kafka cluster's tree that its state and its traps are judged by. Line: source → decode → here → judge. */
import { DoctorError, type SeenZnode, type ZnodeSource } from '../source.ts'
import {
  type Controller,
  decodeClusterId,
  decodeConfig,
  decodeController,
  decodeEpoch,
  decodeMigration,
  decodePartitionEpoch,
  decodeRegistration,
  decodeTopic,
  type Migration,
  type Registration,
  type Seen,
} from './decode.ts'
import { printable } from './words.ts'

/** Reads that are in flight together. */
const READS_CONCURRENT = 64
/** First to look again whether /migration moves; each later look waits twice as long. Unit ms. */
const FIRST_LOOK_MS = 250
/** Siblings of a chroot that are looked at for another cluster. */
const CHROOTS_MAX = 100

export interface ReadBounds {
  /** Path of the cluster's root; '' is the tree's. */
  readonly chroot: string
  /** How long /migration is watched for a rewrite, ms. */
  readonly watchMs: number
  /** States of partitions that are read. */
  readonly partitionsMax: number
}

/** What the tree says. */
export interface KafkaFacts {
  readonly chroot: string
  readonly controller: Seen<Controller>
  readonly controllerEpoch: Seen<number>
  readonly migration: Seen<Migration>
  /** /migration was rewritten while it was watched; undefined: nobody had a reason to watch it. */
  readonly isMigrationMoving: boolean | undefined
  /** How long it was watched, ms. */
  readonly watchMs: number
  readonly clusterId: Seen<string>
  /** Roots of other clusters of this tree that have the same id. */
  readonly sameClusterId: readonly string[]
  /** By id, ascending: /brokers/ids. */
  readonly registered: ReadonlyMap<number, Seen<Registration>>
  /** Replicas by broker id, ascending, also of brokers that are not registered. */
  readonly replicas: ReadonlyMap<number, number>
  readonly topicCount: number
  readonly partitionCount: number
  /** Newest epoch in the states of partitions; −1: none was read. */
  readonly partitionEpochMax: number
  readonly partitionsRead: number
  readonly topicsToDelete: number
  readonly isReassigning: boolean
  /** Resources with ACLs. */
  readonly aclCount: number
  /** Brokers, or `<default>`, whose dynamic configuration has encrypted passwords. */
  readonly withPasswords: readonly string[]
  /** Znodes that could not be understood, as sentences. */
  readonly broken: readonly string[]
  /** Znodes that need more rights than this client has, and without which it can be judged all the same. */
  readonly forbidden: readonly string[]
}

/** @throws {DoctorError} this is no tree of Kafka, or what matters may not be read */
export async function readFacts(source: ZnodeSource, bounds: ReadBounds): Promise<KafkaFacts> {
  await source.refresh()
  await checkIsKafka(source, bounds.chroot)
  return new Reading(source, bounds).all()
}

async function checkIsKafka(source: ZnodeSource, chroot: string): Promise<void> {
  if (chroot !== '' && (await source.children(chroot)) === undefined) {
    throw new DoctorError(`there is no znode ${chroot} in this tree${await elsewhere(source)}`)
  }
  if (await isCluster(source, chroot)) return
  const place = chroot === '' ? 'the root of this tree' : chroot
  throw new DoctorError(
    `${place} is not the root of a Kafka cluster: it has neither /brokers/ids nor /controller_epoch${await elsewhere(source)}`,
  )
}

async function isCluster(source: ZnodeSource, root: string): Promise<boolean> {
  if ((await source.children(`${root}/brokers/ids`)) !== undefined) return true
  return (await source.children(`${root}/controller_epoch`)) !== undefined
}

async function elsewhere(source: ZnodeSource): Promise<string> {
  const found: string[] = []
  for (const root of await firstLevel(source))
    if (await isCluster(source, root)) found.push(printable(root))
  return found.length === 0 ? '' : `; a cluster is below ${found.join(' and ')}: give its chroot`
}

async function firstLevel(source: ZnodeSource): Promise<string[]> {
  const names = (await source.children('/')) ?? []
  return [...names]
    .sort()
    .slice(0, CHROOTS_MAX)
    .map((name) => `/${name}`)
}

class Reading {
  readonly #source: ZnodeSource
  readonly #bounds: ReadBounds
  readonly #broken: string[] = []
  readonly #forbidden: string[] = []

  constructor(source: ZnodeSource, bounds: ReadBounds) {
    this.#source = source
    this.#bounds = bounds
  }

  async all(): Promise<KafkaFacts> {
    const { chroot, watchMs } = this.#bounds
    const migration = await this.#see('/migration', decodeMigration)
    const controller = await this.#see('/controller', decodeController)
    const controllerEpoch = await this.#see('/controller_epoch', decodeEpoch)
    const clusterId = await this.#see('/cluster/id', decodeClusterId)
    const registered = await this.#registered()
    const topics = await this.#topics()
    const partitions = await this.#partitions(topics.partitions)
    const rest = {
      sameClusterId: await this.#sameClusterId(clusterId),
      topicsToDelete: (await this.#names('/admin/delete_topics')).length,
      isReassigning: (await this.#read('/admin/reassign_partitions')) !== undefined,
      aclCount: await this.#aclCount(),
      withPasswords: await this.#withPasswords(),
    }
    const isMigrationMoving = await this.#isMoving(migration, controller)
    return {
      ...{ chroot, watchMs, controller, controllerEpoch, migration, isMigrationMoving, clusterId },
      ...{
        registered,
        replicas: topics.replicas,
        topicCount: topics.count,
        ...partitions,
        ...rest,
      },
      ...{ broken: this.#broken, forbidden: this.#forbidden },
    }
  }

  /** Of what cannot be done without: rights that are missing end the examination. */
  async #see<T>(path: string, decode: (znode: SeenZnode) => Seen<T>): Promise<Seen<T>> {
    const znode = await this.#source.read(this.#at(path)).catch((error: unknown) => {
      if (!isForbidden(error)) throw error
      throw new DoctorError(
        `this client may not read ${this.#at(path)}: give it the identity of a broker`,
      )
    })
    if (znode === undefined) return { kind: 'absent' }
    const seen = decode(znode)
    if (seen.kind === 'broken') this.#broken.push(`${printable(this.#at(path))} ${seen.why}.`)
    return seen
  }

  async #read(path: string): Promise<SeenZnode | undefined> {
    return this.#unlessForbidden(path, this.#source.read(this.#at(path)))
  }

  async #names(path: string): Promise<readonly string[]> {
    const names = await this.#unlessForbidden(path, this.#source.children(this.#at(path)))
    return [...(names ?? [])].sort()
  }

  async #unlessForbidden<T>(path: string, reading: Promise<T>): Promise<T | undefined> {
    try {
      return await reading
    } catch (error) {
      if (!isForbidden(error)) throw error
      this.#forbidden.push(printable(this.#at(path)))
      return undefined
    }
  }

  async #registered(): Promise<Map<number, Seen<Registration>>> {
    const ids = await this.#ids('/brokers/ids')
    const found = new Map<number, Seen<Registration>>()
    for (const id of ids) {
      const seen = await this.#see(`/brokers/ids/${id}`, decodeRegistration)
      // It may have ended between the two reads.
      if (seen.kind !== 'absent') found.set(id, seen)
    }
    return found
  }

  async #ids(path: string): Promise<number[]> {
    const names = await this.#names(path)
    const strange = names.filter((name) => !/^\d{1,10}$/.test(name))
    for (const name of strange) {
      this.#broken.push(`${this.#at(path)}/${printable(name)} is not the id of a broker.`)
    }
    const ids = names.filter((name) => !strange.includes(name)).map(Number)
    return ids.sort((a, b) => a - b)
  }

  async #topics(): Promise<{
    readonly count: number
    readonly replicas: ReadonlyMap<number, number>
    readonly partitions: readonly string[]
  }> {
    const names = await this.#names('/brokers/topics')
    const counts = new Map<number, number>()
    const partitions: string[] = []
    await concurrently(names, async (name) => {
      const topic = await this.#see(`/brokers/topics/${name}`, decodeTopic)
      if (topic.kind !== 'known') return
      for (const [partition, replicas] of topic.value.partitions) {
        partitions.push(`/brokers/topics/${name}/partitions/${partition}/state`)
        for (const id of replicas) counts.set(id, (counts.get(id) ?? 0) + 1)
      }
    })
    const replicas = new Map([...counts].sort(([a], [b]) => a - b))
    return { count: names.length, replicas, partitions }
  }

  async #partitions(paths: readonly string[]) {
    const read = paths.slice(0, this.#bounds.partitionsMax)
    let partitionEpochMax = -1
    await concurrently(read, async (path) => {
      const epoch = await this.#see(path, decodePartitionEpoch)
      if (epoch.kind === 'known') partitionEpochMax = Math.max(partitionEpochMax, epoch.value)
    })
    return { partitionCount: paths.length, partitionsRead: read.length, partitionEpochMax }
  }

  async #aclCount(): Promise<number> {
    let count = 0
    for (const root of ['/kafka-acl', '/kafka-acl-extended/prefixed']) {
      for (const type of await this.#names(root)) {
        count += (await this.#names(`${root}/${type}`)).length
      }
    }
    return count
  }

  async #withPasswords(): Promise<string[]> {
    const found: string[] = []
    for (const name of await this.#names('/config/brokers')) {
      const znode = await this.#read(`/config/brokers/${name}`)
      const config = znode && decodeConfig(znode)
      if (config?.kind === 'broken') {
        this.#broken.push(`${this.#at(`/config/brokers/${printable(name)}`)} ${config.why}.`)
      }
      if (config?.kind !== 'known') continue
      if (Object.keys(config.value).some((key) => /password|sasl\.jaas\.config/.test(key))) {
        found.push(printable(name))
      }
    }
    return found
  }

  async #sameClusterId(own: Seen<string>): Promise<string[]> {
    if (own.kind !== 'known') return []
    const found: string[] = []
    for (const root of ['', ...(await firstLevel(this.#source).catch(() => []))]) {
      if (root === this.#bounds.chroot) continue
      const znode = await this.#source.read(`${root}/cluster/id`).catch(() => undefined)
      const other = znode && decodeClusterId(znode)
      if (other?.kind === 'known' && other.value === own.value) found.push(printable(root || '/'))
    }
    return found
  }

  /** In dual write the KRaft controller rewrites /migration some times a second, also when nothing else happens. */
  async #isMoving(
    migration: Seen<Migration>,
    controller: Seen<Controller>,
  ): Promise<boolean | undefined> {
    if (migration.kind !== 'known') return undefined
    if (controller.kind === 'known' && controller.value.kraftEpoch < 0) return undefined
    const { watchMs } = this.#bounds
    for (let waitedMs = 0, lookMs = FIRST_LOOK_MS; waitedMs < watchMs; lookMs *= 2) {
      const ms = Math.min(lookMs, watchMs - waitedMs)
      await this.#source.wait(ms)
      waitedMs += ms
      await this.#source.refresh()
      const now = await this.#source.read(this.#at('/migration'))
      if (now === undefined) return false
      if (now.mzxid !== migration.znode.mzxid) return true
    }
    return false
  }

  #at(path: string): string {
    return `${this.#bounds.chroot}${path}`
  }
}

const isForbidden = (error: unknown): boolean =>
  (error as { code?: string } | undefined)?.code === 'ZK_NO_AUTH'

async function concurrently<T>(
  items: readonly T[],
  each: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  const worker = async (): Promise<void> => {
    for (const item of waiting) await each(item)
  }
  await Promise.all(Array.from({ length: READS_CONCURRENT }, worker))
}
